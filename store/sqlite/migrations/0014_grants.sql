-- Requests of devices for tokens (RFC 8628).
create table device_grants (
    id         text primary key not null,
    pool_id    text not null references pools (id) on delete cascade,
    client_id  text not null references clients (id) on delete cascade,
    user_code  text not null,
    data       blob not null,
    expires_at integer,
    unique (pool_id, user_code)
) strict;
create index device_grants_by_client on device_grants (client_id);
create index device_grants_by_expiry on device_grants (expires_at);

-- Identifiers that may be used once.
create table spent_ids (
    id         text primary key not null,
    client_id  text not null references clients (id) on delete cascade,
    expires_at integer
) strict;
create index spent_ids_by_client on spent_ids (client_id);
create index spent_ids_by_expiry on spent_ids (expires_at);
