//! Both databases have the same tables.
