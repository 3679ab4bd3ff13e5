-- Sessions are counted for metrics from these indexes alone.
drop index refresh_tokens_by_expiry;
create index refresh_tokens_by_expiry on refresh_tokens (expires_at, revoked_at);
drop index sessions_by_expiry;
create index sessions_by_expiry on sessions (expires_at, family);
