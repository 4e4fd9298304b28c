//! The embedded or shared database: one set of queries, SQLite or PostgreSQL.
