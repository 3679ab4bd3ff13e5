-- What processes keep in memory and must read again; see store.Change. A reader returns the rows of the transactions that its last
-- snapshot did not show. Releases before this one do not write it.
-- compatible 22
create table changes (
    seq  bigint generated always as identity primary key,
    kind text collate "C" not null,
    pool text collate "C" not null,
    key  text collate "C" not null,
    txid xid8 not null default pg_current_xact_id(),
    at   timestamptz not null default now()
);
create index changes_by_txid on changes (txid);
create index changes_by_at on changes (at);
