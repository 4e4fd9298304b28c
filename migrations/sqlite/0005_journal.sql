-- Each write to a remote: noted before it is sent, and what came of it afterwards. While nobody knows what came of it,
-- `open_subject` holds the connection and what the write is about, so that there is one such write at most.
create table journal (
    journal_id integer primary key autoincrement,
    connector text not null,
    operation text not null,
    subject text not null,
    open_subject text,
    request text not null,
    found text not null,
    who text not null,
    outcome text not null
        check (outcome in ('sending', 'done', 'refused', 'not_sent', 'unknown', 'happened', 'did_not')),
    said text,
    record_id text,
    answer text,
    run_id integer not null references run (run_id),
    created_at text not null,
    ended_at text
) strict;
create unique index journal_open on journal (open_subject);
