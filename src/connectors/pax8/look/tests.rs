//! Looking, on records before and after.
