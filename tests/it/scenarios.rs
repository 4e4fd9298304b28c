//! Stories: vendor and PSA files in, golden tables out.
