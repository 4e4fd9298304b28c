//! The review: proposals, decisions and links seen as one list a person works through.
