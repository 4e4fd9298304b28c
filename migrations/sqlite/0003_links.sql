-- What a person said of a pair, or of a record alone. Only ever appended; undoing is another decision.
create table decision (
    decision_id integer primary key autoincrement,
    kind text not null check (kind in ('company', 'product')),
    vendor_id text,
    psa_id text,
    verdict text not null check (verdict in ('accepted', 'rejected', 'deferred', 'excluded')),
    compare text check (compare in ('quantity', 'amount')),
    decided_by text not null,
    reason text,
    evidence text,
    run_id integer not null references run (run_id),
    created_at text not null,
    check (vendor_id is not null or psa_id is not null)
) strict;
create trigger decision_no_update before update on decision
begin
    select raise(abort, 'decisions are only appended');
end;
create trigger decision_no_delete before delete on decision
begin
    select raise(abort, 'decisions are only appended');
end;

-- The links that stand, derived from the decisions in the same transaction.
create table link (
    kind text not null check (kind in ('company', 'product')),
    vendor_id text not null,
    psa_id text not null,
    compare text not null check (compare in ('quantity', 'amount')),
    decision_id integer not null references decision (decision_id),
    run_id integer not null references run (run_id),
    created_at text not null,
    primary key (kind, vendor_id)
) strict, without rowid;
create index link_psa on link (kind, psa_id);

-- Candidates for review; each propose replaces the whole set of its kind.
create table proposal (
    proposal_id integer primary key autoincrement,
    kind text not null check (kind in ('company', 'product')),
    vendor_id text,
    psa_id text,
    score integer not null,
    band text not null,
    evidence text not null,
    payload text not null,
    run_id integer not null references run (run_id),
    created_at text not null,
    check (vendor_id is not null or psa_id is not null)
) strict;
create index proposal_kind on proposal (kind, proposal_id);

-- What one unit of a PSA bundle stands for.
create table bundle_part (
    psa_id text not null,
    position integer not null,
    component_id text not null,
    per_unit text not null,
    weight_from text not null,
    weight_to text not null,
    run_id integer not null references run (run_id),
    created_at text not null,
    primary key (psa_id, position)
) strict, without rowid;
