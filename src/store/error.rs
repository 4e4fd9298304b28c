//! What can go wrong between the program and its database.
//!
//! Every error names the table, the place or the holder it is about; what to do next is said where the program knows it.

use crate::core::link::AlreadyLinked;
use crate::store::Location;

/// What a store function answers.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The location is no database this program knows.
    #[error("the database location cannot be used: {what}")]
    Location {
        /// What is wrong with it.
        what: String,
    },
    /// The database could not be opened or reached.
    #[error("the database {location} cannot be opened: {what}")]
    Unreachable {
        /// Where it was looked for, without a password.
        location: String,
        /// What the system said.
        what: String,
    },
    /// The database refused a statement or the connection broke.
    #[error("the database failed: {0}")]
    Driver(#[source] sqlx::Error),
    /// The disk is full, or broken.
    #[error("no space left, or the disk failed, at {location}: {what}")]
    Disk {
        /// Where the database is.
        location: String,
        /// What the database said.
        what: String,
    },
    /// A stored row cannot be turned back into a value.
    #[error("table {table}, column {column}, row {row} cannot be read: {what}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: String,
        /// The row's key, as a person would look it up.
        row: String,
        /// What was expected and found.
        what: String,
    },
    /// A value could not be written as JSON.
    #[error("a value for table {table}, column {column} cannot be written as JSON: {what}")]
    Unwritable {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// What the writer said.
        what: String,
    },
    /// A rule of the schema was about to be broken.
    #[error("the database refused a row: {constraint}")]
    Conflict {
        /// The constraint, as the database names it.
        constraint: String,
    },
    /// A link would break the shape of the relation.
    #[error(transparent)]
    AlreadyLinked(#[from] AlreadyLinked),
    /// A write touched more or fewer rows than it must.
    #[error("a write to table {table} touched {actual} rows, expected {expected}")]
    RowsAffected {
        /// The table.
        table: &'static str,
        /// How many it must touch.
        expected: u64,
        /// How many it touched.
        actual: u64,
    },
    /// The database lacks tables this program needs.
    #[error("the database {location} lacks {pending} of {known} migrations; run `trueup db migrate`")]
    NotMigrated {
        /// Where it is.
        location: String,
        /// How many are missing.
        pending: usize,
        /// How many this program has.
        known: usize,
    },
    /// The database was migrated by a later program.
    #[error(
        "the database {location} has migration {found}, this program knows up to {known}; use the newer program that \
         migrated it"
    )]
    Newer {
        /// Where it is.
        location: String,
        /// The latest migration it has.
        found: i64,
        /// The latest one this program has.
        known: i64,
    },
    /// A migration that was applied is not the one this program has under that number.
    #[error(
        "migration {version} of the database {location} is not this program's; it was changed after it was applied: use \
         the program that applied it, or restore a backup"
    )]
    Altered {
        /// Where it is.
        location: String,
        /// Its number.
        version: i64,
    },
    /// A migration failed.
    #[error("a migration of the database {location} failed: {what}")]
    Migration {
        /// Where it is.
        location: String,
        /// What the database said.
        what: String,
    },
    /// Another run writes.
    #[error("another run holds the lock: {holder}")]
    Locked {
        /// Who.
        holder: String,
    },
    /// The lock's own connection broke: another run may hold it by now.
    #[error("the lock was lost: {what}; start again")]
    LeaseLost {
        /// What the connection said.
        what: String,
    },
    /// The run a write belongs to has ended, by its own hand or because another holder of the lock found it left over.
    #[error("run {run} has ended and cannot write any more; start again")]
    RunEnded {
        /// Its number.
        run: i64,
    },
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error() {
            Some(refusal)
                if refusal.is_unique_violation()
                    || refusal.is_foreign_key_violation()
                    || refusal.is_check_violation() =>
            {
                let constraint = refusal.constraint().unwrap_or(refusal.message()).to_owned();
                Self::Conflict { constraint }
            }
            Some(refusal) if refusal.code().is_some_and(|code| is_of_disk(&code)) => {
                Self::Disk { location: "the database".to_owned(), what: refusal.message().to_owned() }
            }
            _ => Self::Driver(error),
        }
    }
}

impl StoreError {
    /// Names the place of the database where that is what it is about.
    pub(crate) fn locate(&mut self, place: &Location) {
        if let Self::Disk { location, .. } = self {
            *location = place.to_string();
        }
    }
}

/// SQLite's `FULL` and `IOERR` with everything below it, and PostgreSQL's `disk_full` and `io_error`.
fn is_of_disk(code: &str) -> bool {
    let sqlite = code.parse::<u32>().is_ok_and(|number| number < 10_000 && matches!(number & 0xff, 10 | 13));
    sqlite || code == "53100" || code == "58030"
}

/// Reads a driver's error met while reading `table`: a value of the wrong form is a corrupt row, not a broken connection.
pub(crate) fn reading(table: &'static str, row: impl ToString) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |error| {
        if let sqlx::Error::ColumnDecode { index, source } = &error {
            let column = index.trim_matches('"').to_owned();
            return StoreError::Corrupt { table, column, row: row.to_string(), what: source.to_string() };
        }
        StoreError::from(error)
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection as _, SqliteConnection};

    use super::*;

    #[tokio::test]
    async fn a_full_disk_is_told_as_such_with_its_place() {
        let mut database = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        sqlx::raw_sql("pragma max_page_count = 2; create table t (a);").execute(&mut database).await.unwrap();
        let full = sqlx::query("insert into t values (zeroblob(100000))").execute(&mut database).await.unwrap_err();
        let mut error = StoreError::from(full);
        error.locate(&"sqlite:/var/t.db".parse().unwrap());
        let told = error.to_string();
        assert!(told.starts_with("no space left, or the disk failed, at sqlite:/var/t.db: "), "{told}");
        for (code, of_disk) in
            [("10", true), ("778", true), ("13", true), ("53100", true), ("5", false), ("57014", false)]
        {
            assert_eq!(is_of_disk(code), of_disk, "{code}");
        }
    }
}
