//! The product against a slow reconcile that is obviously right, on seeded data.
