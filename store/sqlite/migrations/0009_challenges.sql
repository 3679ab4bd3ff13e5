-- Private parameters of custom challenges that are too long for a Session.
create table challenges (
    id         text primary key not null,
    pool_id    text not null references pools (id) on delete cascade,
    sealed     blob not null,
    expires_at integer
) strict, without rowid;
create index challenges_by_expiry on challenges (expires_at);
create index challenges_by_pool on challenges (pool_id);
