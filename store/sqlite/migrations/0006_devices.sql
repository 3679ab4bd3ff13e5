-- The confirmed devices of users, and the device of each refresh token family.
create table devices (
    pool_id          text not null,
    sub              text not null,
    device_key       text not null,
    group_key        text not null,
    name             text not null,
    salt             blob,
    verifier         blob,
    remembered       integer not null,
    last_ip          text not null,
    created_at       integer,
    modified_at      integer,
    authenticated_at integer,
    primary key (pool_id, sub, device_key),
    foreign key (pool_id, sub) references users (pool_id, sub) on delete cascade
) strict, without rowid;
create index devices_by_use on devices (pool_id, sub, authenticated_at, device_key);

alter table refresh_tokens add column device_key text not null default '';
alter table refresh_tokens add column device_forgotten_at integer;
