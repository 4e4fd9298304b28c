//! One suite for every connector.
