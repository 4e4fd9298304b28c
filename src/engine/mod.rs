//! One function per job: loads values, calls core, saves values.
