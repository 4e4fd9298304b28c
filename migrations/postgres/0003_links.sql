-- What a person said of a pair, or of a record alone. Only ever appended; undoing is another decision.
create table decision (
    decision_id bigint generated always as identity primary key,
    kind text collate "C" not null check (kind in ('company', 'product')),
    vendor_id text collate "C",
    psa_id text collate "C",
    verdict text collate "C" not null check (verdict in ('accepted', 'rejected', 'deferred', 'excluded')),
    compare text collate "C" check (compare in ('quantity', 'amount')),
    decided_by text collate "C" not null,
    reason text collate "C",
    evidence text collate "C",
    run_id bigint not null references run (run_id),
    created_at timestamptz not null,
    check (vendor_id is not null or psa_id is not null)
);
create function decision_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'decisions are only appended';
end
$$;
create trigger decision_no_update before update on decision
    for each row execute function decision_append_only();
create trigger decision_no_delete before delete on decision
    for each row execute function decision_append_only();

-- The links that stand, derived from the decisions in the same transaction.
create table link (
    kind text collate "C" not null check (kind in ('company', 'product')),
    vendor_id text collate "C" not null,
    psa_id text collate "C" not null,
    compare text collate "C" not null check (compare in ('quantity', 'amount')),
    decision_id bigint not null references decision (decision_id),
    run_id bigint not null references run (run_id),
    created_at timestamptz not null,
    primary key (kind, vendor_id)
);
create index link_psa on link (kind, psa_id);

-- Candidates for review; each propose replaces the whole set of its kind.
create table proposal (
    proposal_id bigint generated always as identity primary key,
    kind text collate "C" not null check (kind in ('company', 'product')),
    vendor_id text collate "C",
    psa_id text collate "C",
    score bigint not null,
    band text collate "C" not null,
    evidence text collate "C" not null,
    payload text collate "C" not null,
    run_id bigint not null references run (run_id),
    created_at timestamptz not null,
    check (vendor_id is not null or psa_id is not null)
);
create index proposal_kind on proposal (kind, proposal_id);

-- What one unit of a PSA bundle stands for.
create table bundle_part (
    psa_id text collate "C" not null,
    position bigint not null,
    component_id text collate "C" not null,
    per_unit numeric not null,
    weight_from numeric not null,
    weight_to numeric not null,
    run_id bigint not null references run (run_id),
    created_at timestamptz not null,
    primary key (psa_id, position)
);
