-- Messages that wait to be sent, address and text sealed.
create table messages (
    id         text primary key not null,
    pool_id    text not null references pools (id) on delete cascade,
    topic      blob not null,
    origin     blob not null,
    sealed     blob not null,
    attempts   integer not null,
    created_at integer,
    due_at     integer,
    expires_at integer,
    unique (pool_id, topic)
) strict;
create index messages_by_time on messages (due_at, id);
