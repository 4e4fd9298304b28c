-- One execution of a job, and how it ended. A run that a killed process left `running` is marked `interrupted` by the next
-- holder of the lease.
create table run (
    run_id bigint generated always as identity primary key,
    job text collate "C" not null,
    who text collate "C" not null,
    config text collate "C",
    outcome text collate "C" not null
        check (outcome in ('running', 'done', 'partial', 'failed', 'refused', 'interrupted')),
    receipt text collate "C",
    created_at timestamptz not null,
    ended_at timestamptz
);
