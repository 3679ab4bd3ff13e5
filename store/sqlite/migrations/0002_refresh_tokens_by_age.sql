-- The refresh token families of a user by age, so that the oldest can be deleted.
drop index refresh_tokens_by_user;
create index refresh_tokens_by_user on refresh_tokens (pool_id, sub, created_at, id);
