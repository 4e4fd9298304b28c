//! Matching: which records of the two sides are the same, proposed with evidence.
