//! The few differences between the two databases.
//!
//! Two macros evaluate one expression with whichever connection is present, so that every statement is written once; one
//! type is stored differently. Nothing else may know which database it talks to, except opening, migrating and locking.

use rust_decimal::Decimal;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Encode, Postgres, Sqlite, Type};

use crate::core::money;

/// Evaluates a reading expression with the pool of whichever database the store has.
macro_rules! on_db {
    ($store:expr, $conn:ident => $body:expr) => {
        match &$store.db {
            $crate::store::Db::Sqlite { readers: $conn, .. } => $body,
            $crate::store::Db::Postgres($conn) => $body,
        }
    };
}

/// Evaluates an expression with the connection of whichever transaction is open.
macro_rules! on_tx {
    ($inner:expr, $conn:ident => $body:expr) => {
        match &mut $inner {
            $crate::store::TxDb::Sqlite(open) => {
                let $conn = &mut **open;
                $body
            }
            $crate::store::TxDb::Postgres(open) => {
                let $conn = &mut **open;
                $body
            }
        }
    };
}

pub(crate) use {on_db, on_tx};

/// How many rows one statement inserts: with at most ten columns, well below both databases' bounds of parameters.
pub(crate) const ROWS_PER_INSERT: usize = 1_000;

/// A decimal: NUMERIC in PostgreSQL, text in SQLite, whose own numbers are binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DbDecimal(pub(crate) Decimal);

impl Type<Sqlite> for DbDecimal {
    fn type_info() -> <Sqlite as Database>::TypeInfo {
        <str as Type<Sqlite>>::type_info()
    }
}
impl<'q> Encode<'q, Sqlite> for DbDecimal {
    fn encode_by_ref(&self, buf: &mut <Sqlite as Database>::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <String as Encode<'q, Sqlite>>::encode(self.0.to_string(), buf)
    }
}
impl<'r> Decode<'r, Sqlite> for DbDecimal {
    fn decode(value: <Sqlite as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(money::exact(<&str as Decode<Sqlite>>::decode(value)?)?))
    }
}
impl Type<Postgres> for DbDecimal {
    fn type_info() -> <Postgres as Database>::TypeInfo {
        <Decimal as Type<Postgres>>::type_info()
    }
}
impl<'q> Encode<'q, Postgres> for DbDecimal {
    fn encode_by_ref(&self, buf: &mut <Postgres as Database>::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <Decimal as Encode<'q, Postgres>>::encode_by_ref(&self.0, buf)
    }
}
impl<'r> Decode<'r, Postgres> for DbDecimal {
    fn decode(value: <Postgres as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
        <Decimal as Decode<Postgres>>::decode(value).map(Self)
    }
}
