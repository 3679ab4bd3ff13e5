-- What processes keep in memory and must read again, in the order of the commits; see store.Change.
create table changes (
    seq  integer primary key autoincrement,
    kind text not null,
    pool text not null,
    key  text not null
) strict;
