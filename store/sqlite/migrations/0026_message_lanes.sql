-- Who carries a message. Each carrier has its own workers, so that one that hangs does not hold up what others carry.
alter table messages add column lane text not null default '';
create index messages_by_lane on messages (lane, due_at, id);
drop index messages_by_time;
