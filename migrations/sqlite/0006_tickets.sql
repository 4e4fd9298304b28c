-- A ticket for a renewal: proposed, approved by a person, sent, and the number it got. One for a subscription and the end of
-- its term, whatever becomes of it. `journal_id` is the write it was sent with last.
create table ticket (
    ticket_id integer primary key autoincrement,
    connector text not null,
    subscription text not null,
    term_end text not null,
    ticket_key text not null,
    company text not null,
    summary text not null,
    body text not null,
    state text not null
        check (state in ('proposed', 'approved', 'sending', 'unknown', 'recorded', 'refused')),
    number text,
    said text,
    who text not null,
    journal_id integer references journal (journal_id),
    run_id integer not null references run (run_id),
    created_at text not null,
    changed_at text not null
) strict;
create unique index ticket_once on ticket (connector, subscription, term_end);
