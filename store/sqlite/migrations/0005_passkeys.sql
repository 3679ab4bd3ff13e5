-- The WebAuthn credentials of users.
create table passkeys (
    pool_id         text not null,
    id              blob not null,
    sub             text not null,
    relying_party   text not null,
    public_key      blob,
    sign_count      integer not null,
    name            text not null,
    aaguid          blob,
    attachment      text not null,
    transports      text,
    backup_eligible integer not null,
    answered        text,
    created_at      integer,
    primary key (pool_id, id),
    foreign key (pool_id, sub) references users (pool_id, sub) on delete cascade
) strict, without rowid;
create index passkeys_by_user on passkeys (pool_id, sub, created_at, id);
