-- The identity providers of user pools. The details are sealed, because they hold the secrets of clients and keys.
create table identity_providers (
    pool_id     text not null references pools (id) on delete cascade,
    name        text not null,
    type        text not null,
    sealed      blob,
    mapping     text not null,
    acr         text not null,
    identifiers text,
    unsolicited integer not null,
    version     integer not null,
    declared    integer not null,
    created_at  integer,
    modified_at integer,
    primary key (pool_id, name)
) strict;

-- The accounts at identity providers with which users sign in. They stay when the provider is deleted, as the users do.
create table user_identities (
    pool_id    text not null,
    provider   text not null,
    attribute  text not null,
    value      text not null,
    sub        text not null,
    type       text not null,
    issuer     text not null,
    first      integer not null,
    created_at integer,
    primary key (pool_id, provider, attribute, value),
    foreign key (pool_id, sub) references users (pool_id, sub) on delete cascade
) strict, without rowid;
create index user_identities_by_user on user_identities (pool_id, sub, created_at, provider, attribute, value);
