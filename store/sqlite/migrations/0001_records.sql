-- The records of package store. Times are milliseconds since 1970 in UTC, null where the record has the zero time.
-- JSON is kept as the text that came in. Text compares by its bytes.

create table pools (
    id          text primary key not null,
    name        text not null,
    settings    text,
    declared    integer not null,
    created_at  integer,
    modified_at integer
) strict;

create table clients (
    id          text primary key not null,
    pool_id     text not null references pools (id) on delete cascade,
    name        text not null,
    secret      blob,
    settings    text,
    declared    integer not null,
    created_at  integer,
    modified_at integer
) strict;
create index clients_by_pool on clients (pool_id, id);

create table users (
    pool_id              text not null references pools (id) on delete cascade,
    sub                  text not null,
    username             text not null,
    name_key             text not null,
    aliases              text,
    status               text not null,
    enabled              integer not null,
    attributes           text not null,
    password_hash        text not null,
    srp_salt             blob,
    srp_verifier         blob,
    password_temporary   integer not null,
    password_expires_at  integer,
    password_modified_at integer,
    mfa                  text,
    failures             integer not null,
    failed_at            integer,
    locked_until         integer,
    created_at           integer,
    modified_at          integer,
    primary key (pool_id, sub),
    unique (pool_id, name_key)
) strict;

-- The same aliases as users.aliases, one row each, to be found and to be unique.
create table user_aliases (
    pool_id text not null,
    kind    text not null,
    value   text not null,
    sub     text not null,
    primary key (pool_id, kind, value),
    foreign key (pool_id, sub) references users (pool_id, sub) on delete cascade
) strict, without rowid;
create index user_aliases_by_user on user_aliases (pool_id, sub);

-- What ListUsers may filter by, one row per user and name.
create table user_search (
    pool_id text not null,
    name    text not null,
    value   text not null,
    sub     text not null,
    primary key (pool_id, name, value, sub),
    foreign key (pool_id, sub) references users (pool_id, sub) on delete cascade
) strict, without rowid;
create index user_search_by_user on user_search (pool_id, sub);

create table user_groups (
    pool_id     text not null references pools (id) on delete cascade,
    name        text not null,
    description text not null,
    role_arn    text not null,
    precedence  integer,
    declared    integer not null,
    created_at  integer,
    modified_at integer,
    primary key (pool_id, name)
) strict;

create table memberships (
    pool_id    text not null,
    group_name text not null,
    sub        text not null,
    primary key (pool_id, group_name, sub),
    foreign key (pool_id, group_name) references user_groups (pool_id, name) on delete cascade,
    foreign key (pool_id, sub) references users (pool_id, sub) on delete cascade
) strict, without rowid;
create index memberships_by_user on memberships (pool_id, sub, group_name);

create table codes (
    pool_id    text not null,
    sub        text not null,
    purpose    text not null,
    hash       blob,
    attribute  text not null,
    value      text not null,
    attempts   integer not null,
    created_at integer,
    expires_at integer,
    primary key (pool_id, sub, purpose),
    foreign key (pool_id, sub) references users (pool_id, sub) on delete cascade
) strict, without rowid;

create table refresh_tokens (
    id            text primary key not null,
    pool_id       text not null,
    client_id     text not null references clients (id) on delete cascade,
    sub           text not null,
    hash          blob not null unique,
    previous_hash blob,
    rotated_at    integer,
    context       text,
    auth_time     integer,
    created_at    integer,
    expires_at    integer,
    revoked_at    integer,
    foreign key (pool_id, sub) references users (pool_id, sub) on delete cascade
) strict;
create index refresh_tokens_by_previous on refresh_tokens (previous_hash) where previous_hash is not null;
create index refresh_tokens_by_user on refresh_tokens (pool_id, sub, id);
create index refresh_tokens_by_client on refresh_tokens (client_id);
create index refresh_tokens_by_expiry on refresh_tokens (expires_at);

create table signing_keys (
    owner       text not null,
    id          text not null,
    purpose     text not null,
    algorithm   text not null,
    private_key blob,
    created_at  integer,
    signs_from  integer,
    signs_to    integer,
    expires_at  integer,
    primary key (owner, id)
) strict;

create table revocations (
    kind       text not null,
    name       text not null,
    not_before integer,
    until_at   integer,
    primary key (kind, name)
) strict, without rowid;
create index revocations_by_end on revocations (until_at);

create table identity_pools (
    id          text primary key not null,
    name        text not null,
    settings    text,
    roles       text,
    tag_maps    text,
    declared    integer not null,
    created_at  integer,
    modified_at integer
) strict;

create table identities (
    id          text primary key not null,
    pool_id     text not null references identity_pools (id) on delete cascade,
    logins      text,
    guest       integer not null,
    disabled    integer not null,
    created_at  integer,
    modified_at integer
) strict;
create index identities_by_pool on identities (pool_id, id);

-- The same logins as identities.logins, one row each, to be found and to be unique.
create table identity_logins (
    pool_id     text not null,
    provider    text not null,
    subject     text not null,
    identity_id text not null references identities (id) on delete cascade,
    primary key (pool_id, provider, subject)
) strict, without rowid;
create index identity_logins_by_login on identity_logins (provider, subject);
create index identity_logins_by_identity on identity_logins (identity_id);

create table roles (
    name_key    text primary key not null,
    name        text not null,
    path        text not null,
    id          text not null,
    description text not null,
    trust       text,
    inline      text not null,
    attached    text,
    boundary    text not null,
    max_session integer not null,
    tags        text not null,
    declared    integer not null,
    created_at  integer,
    modified_at integer
) strict;
create index roles_by_name on roles (name);

create table policies (
    arn         text primary key not null,
    id          text not null,
    name        text not null,
    path        text not null,
    description text not null,
    document    text,
    version     text not null,
    tags        text not null,
    declared    integer not null,
    created_at  integer,
    modified_at integer
) strict;

create table settings (
    name  text primary key not null,
    value blob
) strict;

-- Written by Ping, to learn whether a write would be taken.
create table heartbeat (
    id integer primary key not null,
    at integer
) strict;
