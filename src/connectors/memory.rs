//! A vendor and a PSA in memory, for tests and simulation.
