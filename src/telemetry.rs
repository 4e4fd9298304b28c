//! Logging set-up: what is logged where, and what never is.
