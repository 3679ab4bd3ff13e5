-- Where the users of a pool were pulled from. The data are sealed.
create table pulls (
    pool_id     text primary key references pools (id) on delete cascade,
    data        blob not null,
    modified_at integer
) strict, without rowid;

-- The users whose password is still there.
create index users_elsewhere on users (pool_id, sub) where password_hash = '$elsewhere$';
