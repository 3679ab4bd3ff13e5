-- The keys that sign requests to SAML providers.
create table saml_keys (
    pool_id     text primary key not null references pools (id) on delete cascade,
    private_key blob not null,
    created_at  integer
) strict;

-- SAML assertions that were accepted, until they expire.
create table spent_assertions (
    id         text primary key not null,
    pool_id    text not null references pools (id) on delete cascade,
    expires_at integer
) strict;
create index spent_assertions_by_pool on spent_assertions (pool_id);
create index spent_assertions_by_expiry on spent_assertions (expires_at);
