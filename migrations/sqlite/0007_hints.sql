-- What a remote said has changed, and nobody has read yet: one row for a connection and a listing, however often it was said.
-- It is noted outside of any run, because news arrives while another process holds the lock.
create table hint (
    hint_id integer primary key autoincrement,
    connector text not null,
    listing text not null
        check (listing in ('companies', 'products', 'subscriptions', 'invoices', 'nothing')),
    said text not null,
    deliveries integer not null,
    created_at text not null,
    last_at text not null
) strict;
create unique index hint_once on hint (connector, listing);
