-- What a remote said has changed, and nobody has read yet: one row for a connection and a listing, however often it was said.
-- It is noted outside of any run, because news arrives while another process holds the lock.
create table hint (
    hint_id bigint generated always as identity primary key,
    connector text collate "C" not null,
    listing text collate "C" not null
        check (listing in ('companies', 'products', 'subscriptions', 'invoices', 'nothing')),
    said text collate "C" not null,
    deliveries bigint not null,
    created_at timestamptz not null,
    last_at timestamptz not null
);
create unique index hint_once on hint (connector, listing);
