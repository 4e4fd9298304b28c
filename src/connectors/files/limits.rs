//! How much is accepted from a folder. Far above what an honest export holds, far below what would exhaust a machine.

/// Bytes of a delimited file.
pub const FILE_BYTES: u64 = 1 << 30;
/// Bytes of a JSON file, which is held as values.
pub const JSON_BYTES: u64 = 1 << 28;
/// Bytes of `columns.toml`.
pub const PROFILE_BYTES: u64 = 1 << 20;
/// Fields of a row.
pub const COLUMNS: usize = 1_000;
/// Bytes of a field.
pub const CELL_BYTES: usize = 1 << 16;
/// Bytes of a field whose quotes are closed as they should be; what is longer has a quote left open.
pub const QUOTED_BYTES: usize = 1 << 20;
/// Rows of a file.
pub const ROWS: u64 = 20_000_000;
/// Unreadable rows of a file before it is taken for the wrong file.
pub const PROBLEMS: usize = 100_000;
/// Entries of a folder.
pub const FOLDER_ENTRIES: usize = 10_000;
