//! The error gallery: for each user-facing error an input that provokes it, and its exact text.
