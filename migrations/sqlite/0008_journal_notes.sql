-- What came to be known of a write, each time it did: what was answered, what looking showed, what a person said. Rows are
-- only appended; `journal` has the last word of them.
create table journal_note (
    journal_note_id integer primary key autoincrement,
    journal_id integer not null references journal (journal_id),
    source text not null check (source in ('answer', 'look', 'person')),
    outcome text not null
        check (outcome in ('sending', 'done', 'refused', 'not_sent', 'unknown', 'happened', 'did_not')),
    said text,
    record_id text,
    who text not null,
    run_id integer not null references run (run_id),
    created_at text not null
) strict;
create index journal_note_of on journal_note (journal_id, journal_note_id);

-- What was known before there were notes.
insert into journal_note (journal_id, source, outcome, said, record_id, who, run_id, created_at)
select journal_id, case when outcome in ('done', 'refused', 'not_sent') then 'answer' else 'look' end, outcome, said,
       record_id, who, run_id, coalesce(ended_at, created_at)
from journal
where outcome <> 'sending'
order by journal_id;

create trigger journal_note_no_update before update on journal_note
begin
    select raise(abort, 'notes of the journal are only appended');
end;
create trigger journal_note_no_delete before delete on journal_note
begin
    select raise(abort, 'notes of the journal are only appended');
end;
