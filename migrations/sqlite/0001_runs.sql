-- One execution of a job, and how it ended. A run that a killed process left `running` is marked `interrupted` by the next
-- holder of the lease.
create table run (
    run_id integer primary key autoincrement,
    job text not null,
    who text not null,
    config text,
    outcome text not null
        check (outcome in ('running', 'done', 'partial', 'failed', 'refused', 'interrupted')),
    receipt text,
    created_at text not null,
    ended_at text
) strict;
