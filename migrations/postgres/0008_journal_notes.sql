-- What came to be known of a write, each time it did: what was answered, what looking showed, what a person said. Rows are
-- only appended; `journal` has the last word of them.
create table journal_note (
    journal_note_id bigint generated always as identity primary key,
    journal_id bigint not null references journal (journal_id),
    source text collate "C" not null check (source in ('answer', 'look', 'person')),
    outcome text collate "C" not null
        check (outcome in ('sending', 'done', 'refused', 'not_sent', 'unknown', 'happened', 'did_not')),
    said text collate "C",
    record_id text collate "C",
    who text collate "C" not null,
    run_id bigint not null references run (run_id),
    created_at timestamptz not null
);
create index journal_note_of on journal_note (journal_id, journal_note_id);

-- What was known before there were notes.
insert into journal_note (journal_id, source, outcome, said, record_id, who, run_id, created_at)
select journal_id, case when outcome in ('done', 'refused', 'not_sent') then 'answer' else 'look' end, outcome, said,
       record_id, who, run_id, coalesce(ended_at, created_at)
from journal
where outcome <> 'sending'
order by journal_id;

create function journal_note_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'notes of the journal are only appended';
end
$$;
create trigger journal_note_no_update before update on journal_note
    for each row execute function journal_note_append_only();
create trigger journal_note_no_delete before delete on journal_note
    for each row execute function journal_note_append_only();
