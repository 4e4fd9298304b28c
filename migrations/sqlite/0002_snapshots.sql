-- A record's JSON text, stored once however many snapshots hold it.
create table payload (
    fingerprint text not null primary key,
    body text not null,
    run_id integer not null references run (run_id),
    created_at text not null
) strict;

-- One listing of one connector at one time.
create table snapshot (
    snapshot_id integer primary key autoincrement,
    connector text not null,
    side text not null check (side in ('vendor', 'psa')),
    entity text not null,
    period text,
    taken_at text not null,
    complete integer not null,
    records integer not null,
    problems integer not null,
    fingerprint text not null,
    run_id integer not null references run (run_id),
    created_at text not null
) strict;
create index snapshot_latest on snapshot (connector, entity, snapshot_id);

-- Its records, in the order the source gave them.
create table snapshot_row (
    snapshot_id integer not null references snapshot (snapshot_id),
    position integer not null,
    record_key text not null,
    fingerprint text not null references payload (fingerprint),
    primary key (snapshot_id, position)
) strict, without rowid;

-- What could not be read.
create table problem (
    snapshot_id integer not null references snapshot (snapshot_id),
    position integer not null,
    place text not null,
    record text,
    field text,
    what text not null,
    customer text,
    primary key (snapshot_id, position)
) strict, without rowid;
