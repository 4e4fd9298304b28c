-- Each write to a remote: noted before it is sent, and what came of it afterwards. While nobody knows what came of it,
-- `open_subject` holds the connection and what the write is about, so that there is one such write at most.
create table journal (
    journal_id bigint generated always as identity primary key,
    connector text collate "C" not null,
    operation text collate "C" not null,
    subject text collate "C" not null,
    open_subject text collate "C",
    request text collate "C" not null,
    found text collate "C" not null,
    who text collate "C" not null,
    outcome text collate "C" not null
        check (outcome in ('sending', 'done', 'refused', 'not_sent', 'unknown', 'happened', 'did_not')),
    said text collate "C",
    record_id text collate "C",
    answer text collate "C",
    run_id bigint not null references run (run_id),
    created_at timestamptz not null,
    ended_at timestamptz
);
create unique index journal_open on journal (open_subject);
