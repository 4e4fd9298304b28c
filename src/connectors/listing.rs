//! Paged listings read to proven completeness.
