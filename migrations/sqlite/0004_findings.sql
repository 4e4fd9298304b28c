-- The result of reconciling one period, kept so that its report can be shown again.
create table reconciliation (
    reconciliation_id integer primary key autoincrement,
    period text not null,
    verdict text not null check (verdict in ('clean', 'differences', 'unknown')),
    totals text not null,
    coverage text not null,
    digest text not null,
    variances integer not null,
    run_id integer not null references run (run_id),
    created_at text not null
) strict;
create index reconciliation_period on reconciliation (period, reconciliation_id);

-- Its cells that differ, in the order of the report.
create table variance (
    reconciliation_id integer not null references reconciliation (reconciliation_id),
    position integer not null,
    currency text not null,
    company text not null,
    product text not null,
    class text not null,
    payload text not null,
    primary key (reconciliation_id, position)
) strict, without rowid;

-- The snapshots a reconciliation was made from: its reports are made from them again, whatever has been pulled since.
create table reconciliation_source (
    reconciliation_id integer not null references reconciliation (reconciliation_id),
    snapshot_id integer not null references snapshot (snapshot_id),
    primary key (reconciliation_id, snapshot_id)
) strict;
