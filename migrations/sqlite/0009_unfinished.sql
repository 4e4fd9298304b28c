-- Whether a snapshot's records are all there. One that is still being written, or whose writer was killed, is seen by nobody.
alter table snapshot add column finished integer not null default 1;
