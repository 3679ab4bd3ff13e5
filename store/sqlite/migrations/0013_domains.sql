-- The domains of user pools: at most one prefix domain and one custom domain of each.
create table domains (
    name        text primary key not null,
    pool_id     text not null references pools (id) on delete cascade,
    custom      integer not null,
    version     integer not null,
    certificate text not null,
    policy      text not null,
    failover    text not null,
    declared    integer not null,
    created_at  integer,
    modified_at integer,
    unique (pool_id, custom)
) strict, without rowid;

-- APIs that accept a pool's access tokens, with their scopes.
create table resource_servers (
    pool_id     text not null references pools (id) on delete cascade,
    id          text not null,
    name        text not null,
    scopes      text,
    declared    integer not null,
    created_at  integer,
    modified_at integer,
    primary key (pool_id, id)
) strict, without rowid;
create index resource_servers_by_age on resource_servers (pool_id, created_at, id);

-- A client can have two secrets. The ID of a secret has the time of its creation in seconds.
alter table clients add column secrets text;
update clients set secrets = '[{"ID":"' || id || '--' || (created_at / 1000) || '","Sealed":"' || hex(secret) || '","CreatedAt":' || created_at || '}]'
    where length(secret) > 0;
alter table clients drop column secret;
