-- Sessions of users whose pool tracks sessions. A token session goes with its refresh family.
create table sessions (
    id         text primary key not null,
    pool_id    text not null,
    sub        text not null,
    client_id  text not null,
    family     text unique references refresh_tokens (id) on delete cascade,
    origin     text not null,
    device     text not null,
    address    text not null,
    created_at integer,
    active_at  integer,
    expires_at integer,
    foreign key (pool_id, sub) references users (pool_id, sub) on delete cascade
) strict;
create index sessions_by_user on sessions (pool_id, sub, active_at, id);
create index sessions_by_expiry on sessions (expires_at);

-- The hashes of the passwords that a user had before, the newest first.
create table password_history (
    pool_id text not null,
    sub     text not null,
    hashes  text not null,
    primary key (pool_id, sub),
    foreign key (pool_id, sub) references users (pool_id, sub) on delete cascade
) strict, without rowid;

-- The history of the sign-ins of a user.
create table auth_events (
    pool_id    text not null,
    sub        text not null,
    id         text not null,
    passed     integer not null,
    data       text,
    created_at integer,
    primary key (pool_id, sub, id),
    foreign key (pool_id, sub) references users (pool_id, sub) on delete cascade
) strict, without rowid;
create index auth_events_by_age on auth_events (pool_id, sub, created_at, id);
create index auth_events_by_result on auth_events (pool_id, sub, passed, created_at, id);
create index auth_events_by_creation on auth_events (created_at);
