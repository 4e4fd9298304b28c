//! The generic REST connector against the PSA simulator.
