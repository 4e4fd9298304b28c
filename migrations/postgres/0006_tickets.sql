-- A ticket for a renewal: proposed, approved by a person, sent, and the number it got. One for a subscription and the end of
-- its term, whatever becomes of it. `journal_id` is the write it was sent with last.
create table ticket (
    ticket_id bigint generated always as identity primary key,
    connector text collate "C" not null,
    subscription text collate "C" not null,
    term_end text collate "C" not null,
    ticket_key text collate "C" not null,
    company text collate "C" not null,
    summary text collate "C" not null,
    body text collate "C" not null,
    state text collate "C" not null
        check (state in ('proposed', 'approved', 'sending', 'unknown', 'recorded', 'refused')),
    number text collate "C",
    said text collate "C",
    who text collate "C" not null,
    journal_id bigint references journal (journal_id),
    run_id bigint not null references run (run_id),
    created_at timestamptz not null,
    changed_at timestamptz not null
);
create unique index ticket_once on ticket (connector, subscription, term_end);
