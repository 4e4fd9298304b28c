//! The command line: arguments, one engine call, one rendering.
