//! One store suite on both databases.
