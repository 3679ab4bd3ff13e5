-- Who carries a message. Each carrier has its own workers, so that one that hangs does not hold up what others carry. What a process of a
-- release before this one keeps has the lane ''. The table is small: the queue deletes what is above 10,000 messages.
-- compatible 22
alter table messages add column lane text collate "C" not null default '';
create index messages_by_lane on messages (lane, due_at, id);
drop index messages_by_time;
