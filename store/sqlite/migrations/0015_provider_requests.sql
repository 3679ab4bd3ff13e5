-- Requests to identity providers that wait for their answers.
create table provider_requests (
    id         text primary key not null,
    pool_id    text not null references pools (id) on delete cascade,
    client_id  text not null references clients (id) on delete cascade,
    network    text not null,
    sealed     blob not null,
    created_at integer,
    expires_at integer
) strict;
create index provider_requests_by_pool on provider_requests (pool_id);
create index provider_requests_by_client on provider_requests (client_id);
create index provider_requests_by_network on provider_requests (network, created_at, id);
create index provider_requests_by_expiry on provider_requests (expires_at);
