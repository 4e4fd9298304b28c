//! Every stored or exported format of every released version still parses.
