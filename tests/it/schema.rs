//! Both databases have the same tables.
//!
//! Migrates both, reads both catalogues into the same words and compares them, so that a column, key or index forgotten in one
//! folder is named. The types differ on purpose, in the pairs listed here and in no other way.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::database::Database;

/// PostgreSQL's type and SQLite's for the same column.
const TYPES: [(&str, &str); 5] = [
    ("text", "TEXT"),
    ("bigint", "INTEGER"),
    ("boolean", "INTEGER"),
    ("timestamp with time zone", "TEXT"),
    ("numeric", "TEXT"),
];

/// Noted while another process may hold the lock, and gone once read: no run wrote it.
const WITHOUT_RUN: [&str; 1] = ["hint"];

/// Rows of another row, whose run and time are their parent's.
const CHILDREN: [&str; 4] = ["snapshot_row", "problem", "variance", "reconciliation_source"];

const SQLITE_COLUMNS: &str = "
    select t.name || '.' || c.name || ' ' || c.type ||
           case when c.\"notnull\" = 1 or (c.pk > 0 and t.name || '_id' = c.name) then ' not null' else '' end
    from sqlite_master t join pragma_table_info(t.name) c
    where t.type = 'table' and t.name not like 'sqlite%' and t.name not like '%sqlx%'";
const POSTGRES_COLUMNS: &str = "
    select table_name || '.' || column_name || ' ' || data_type ||
           case when is_nullable = 'NO' then ' not null' else '' end
    from information_schema.columns
    where table_schema = current_schema() and table_name not like '%sqlx%'";

const SQLITE_KEYS: &str = "
    select t.name || ' primary (' || group_concat(c.name, ', ' order by c.pk) || ')'
    from sqlite_master t join pragma_table_info(t.name) c on c.pk > 0
    where t.type = 'table' and t.name not like 'sqlite%' and t.name not like '%sqlx%'
    group by t.name
    union all
    select t.name || ' foreign (' || f.\"from\" || ') references ' || f.\"table\" || '(' || f.\"to\" || ')'
    from sqlite_master t join pragma_foreign_key_list(t.name) f
    where t.type = 'table' and t.name not like '%sqlx%'";
const POSTGRES_KEYS: &str = "
    select conrelid::regclass::text ||
           case contype when 'p' then ' primary ' || substring(pg_get_constraintdef(oid) from '[(].*')
                        else ' foreign ' || substring(pg_get_constraintdef(oid) from '[(].*') end
    from pg_constraint
    where connamespace = current_schema()::regnamespace and contype in ('p', 'f')
      and conrelid::regclass::text not like '%sqlx%'";

const SQLITE_INDEXES: &str = "
    select i.name || ' on ' || i.tbl_name || ' (' || group_concat(c.name, ', ' order by c.seqno) || ')'
    from sqlite_master i join pragma_index_info(i.name) c
    where i.type = 'index' and i.sql is not null
    group by i.name";
const POSTGRES_INDEXES: &str = "
    select indexname || ' on ' || tablename || substring(indexdef from ' [(].*')
    from pg_indexes
    where schemaname = current_schema() and tablename not like '%sqlx%'
      and indexname not in (select conname from pg_constraint where connamespace = current_schema()::regnamespace)";

const SQLITE_TRIGGERS: &str = "select name || ' on ' || tbl_name from sqlite_master where type = 'trigger'";
const POSTGRES_TRIGGERS: &str = "
    select distinct trigger_name || ' on ' || event_object_table
    from information_schema.triggers
    where trigger_schema = current_schema()";

/// How a closed set of words is written in both.
const SQLITE_CHECKS: &str = "
    select sql from sqlite_master where type = 'table' and name not like 'sqlite%' and name not like '%sqlx%'";
const POSTGRES_CHECKS: &str = "
    select conrelid::regclass::text || ' ' || pg_get_constraintdef(oid)
    from pg_constraint
    where connamespace = current_schema()::regnamespace and contype = 'c'";

async fn migrated() -> [Database; 2] {
    let both = [Database::sqlite(), Database::postgres().await];
    for database in &both {
        database.store().await;
    }
    both
}

/// What only one of them has, by name of the one that has it.
fn difference(sqlite: &BTreeSet<String>, postgres: &BTreeSet<String>) -> BTreeMap<String, &'static str> {
    let only = |mine: &BTreeSet<String>, other: &BTreeSet<String>, name| -> Vec<(String, &'static str)> {
        mine.difference(other).map(|line| (line.clone(), name)).collect()
    };
    let mut found: BTreeMap<_, _> = only(sqlite, postgres, "only in sqlite").into_iter().collect();
    found.extend(only(postgres, sqlite, "only in postgres"));
    found
}

async fn same(what: &str, in_sqlite: &str, in_postgres: &str) -> BTreeSet<String> {
    let [sqlite, postgres] = migrated().await;
    let (a, b) = (sqlite.texts(in_sqlite).await, postgres.texts(in_postgres).await);
    // Each database writes keywords and quotes its names in its own way.
    let plain = |lines: Vec<String>| lines.iter().map(|line| line.replace('"', "").to_lowercase()).collect();
    let (a, b): (BTreeSet<String>, BTreeSet<String>) = (plain(a), plain(b));
    assert_eq!(difference(&a, &b), BTreeMap::new(), "{what}");
    assert!(!a.is_empty(), "no {what} were found at all");
    a
}

#[tokio::test]
async fn both_have_the_same_columns_of_corresponding_types() {
    let [sqlite, postgres] = migrated().await;
    let by_name = |lines: Vec<String>| -> BTreeMap<String, String> {
        lines
            .into_iter()
            .filter_map(|line| line.split_once(' ').map(|(name, kind)| (name.to_owned(), kind.to_owned())))
            .collect()
    };
    let (a, b) = (by_name(sqlite.texts(SQLITE_COLUMNS).await), by_name(postgres.texts(POSTGRES_COLUMNS).await));
    let names = |columns: &BTreeMap<String, String>| columns.keys().cloned().collect();
    assert_eq!(difference(&names(&a), &names(&b)), BTreeMap::new(), "columns");
    let allowed = |sqlite: &str, postgres: &str| {
        let (here, there) = (split_required(sqlite), split_required(postgres));
        TYPES.contains(&(there.0, here.0)) && here.1 == there.1
    };
    let wrong: Vec<_> = a.iter().zip(b.values()).filter(|((_, here), there)| !allowed(here, there)).collect();
    assert!(wrong.is_empty(), "types or nullability differ (sqlite, postgres): {wrong:#?}");
    assert!(a.len() > 50, "only {} columns were found", a.len());
}

fn split_required(kind: &str) -> (&str, bool) {
    kind.strip_suffix(" not null").map_or((kind, false), |kind| (kind, true))
}

#[tokio::test]
async fn both_have_the_same_keys_indexes_and_triggers() {
    same("keys", SQLITE_KEYS, POSTGRES_KEYS).await;
    same("indexes", SQLITE_INDEXES, POSTGRES_INDEXES).await;
    same("triggers", SQLITE_TRIGGERS, POSTGRES_TRIGGERS).await;
}

#[tokio::test]
async fn both_allow_the_same_words() {
    let [sqlite, postgres] = migrated().await;
    let words = |texts: Vec<String>| -> BTreeSet<String> {
        let quoted = |text: &str| text.split('\'').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
        texts.iter().flat_map(|text| quoted(text)).collect()
    };
    let (a, b) = (words(sqlite.texts(SQLITE_CHECKS).await), words(postgres.texts(POSTGRES_CHECKS).await));
    assert_eq!(difference(&a, &b), BTreeMap::new(), "words of closed sets");
    assert!(a.contains("interrupted") && a.contains("excluded"), "{a:?}");
}

#[tokio::test]
async fn every_table_knows_its_run_and_time_and_every_text_its_order() {
    let [sqlite, postgres] = migrated().await;
    let columns: BTreeSet<String> = postgres.texts(POSTGRES_COLUMNS).await.into_iter().collect();
    let tables: BTreeSet<&str> = columns.iter().filter_map(|line| line.split('.').next()).collect();
    for table in tables.iter().filter(|table| !CHILDREN.contains(table)) {
        let run = (!WITHOUT_RUN.contains(table)).then(|| format!("{table}.run_id bigint not null"));
        for column in run.into_iter().chain([format!("{table}.created_at timestamp")]) {
            assert!(columns.iter().any(|line| line.starts_with(&column)), "{column}");
        }
    }
    let unordered = "
        select table_name || '.' || column_name from information_schema.columns
        where table_schema = current_schema() and table_name not like '%sqlx%'
          and data_type = 'text' and collation_name is distinct from 'C'";
    assert_eq!(postgres.texts(unordered).await, Vec::<String>::new(), "columns without collate \"C\"");
    let loose = "select name from pragma_table_list
        where schema = 'main' and type = 'table' and strict = 0 and name not like 'sqlite%' and name not like '%sqlx%'";
    assert_eq!(sqlite.texts(loose).await, Vec::<String>::new(), "tables that are not strict");
}

#[test]
fn both_folders_hold_the_same_numbers_and_names() {
    let names = |folder: &str| -> BTreeSet<String> {
        let path = format!("{}/migrations/{folder}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_dir(path).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert_eq!(difference(&names("sqlite"), &names("postgres")), BTreeMap::new());
    for (expected, name) in (1..).zip(names("sqlite")) {
        assert!(name.starts_with(&format!("{expected:04}_")), "{name}: expected number {expected:04}");
    }
}
