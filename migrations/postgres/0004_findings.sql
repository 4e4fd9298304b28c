-- The result of reconciling one period, kept so that its report can be shown again.
create table reconciliation (
    reconciliation_id bigint generated always as identity primary key,
    period text collate "C" not null,
    verdict text collate "C" not null check (verdict in ('clean', 'differences', 'unknown')),
    totals text collate "C" not null,
    coverage text collate "C" not null,
    digest text collate "C" not null,
    variances bigint not null,
    run_id bigint not null references run (run_id),
    created_at timestamptz not null
);
create index reconciliation_period on reconciliation (period, reconciliation_id);

-- Its cells that differ, in the order of the report.
create table variance (
    reconciliation_id bigint not null references reconciliation (reconciliation_id),
    position bigint not null,
    currency text collate "C" not null,
    company text collate "C" not null,
    product text collate "C" not null,
    class text collate "C" not null,
    payload text collate "C" not null,
    primary key (reconciliation_id, position)
);

-- The snapshots a reconciliation was made from: its reports are made from them again, whatever has been pulled since.
create table reconciliation_source (
    reconciliation_id bigint not null references reconciliation (reconciliation_id),
    snapshot_id bigint not null references snapshot (snapshot_id),
    primary key (reconciliation_id, snapshot_id)
);
