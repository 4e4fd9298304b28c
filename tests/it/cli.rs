//! The command line as a user meets it: output, errors and exit statuses pinned together.
