-- A record's JSON text, stored once however many snapshots hold it.
create table payload (
    fingerprint text collate "C" not null primary key,
    body text collate "C" not null,
    run_id bigint not null references run (run_id),
    created_at timestamptz not null
);

-- One listing of one connector at one time.
create table snapshot (
    snapshot_id bigint generated always as identity primary key,
    connector text collate "C" not null,
    side text collate "C" not null check (side in ('vendor', 'psa')),
    entity text collate "C" not null,
    period text collate "C",
    taken_at timestamptz not null,
    complete boolean not null,
    records bigint not null,
    problems bigint not null,
    fingerprint text collate "C" not null,
    run_id bigint not null references run (run_id),
    created_at timestamptz not null
);
create index snapshot_latest on snapshot (connector, entity, snapshot_id);

-- Its records, in the order the source gave them.
create table snapshot_row (
    snapshot_id bigint not null references snapshot (snapshot_id),
    position bigint not null,
    record_key text collate "C" not null,
    fingerprint text collate "C" not null references payload (fingerprint),
    primary key (snapshot_id, position)
);

-- What could not be read.
create table problem (
    snapshot_id bigint not null references snapshot (snapshot_id),
    position bigint not null,
    place text collate "C" not null,
    record text collate "C",
    field text collate "C",
    what text collate "C" not null,
    customer text collate "C",
    primary key (snapshot_id, position)
);
