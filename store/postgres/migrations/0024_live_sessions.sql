-- Sessions are counted for metrics from indexes. The old indexes go last, because others cannot read the tables from then until the commit.
-- compatible 22
create index refresh_tokens_live on refresh_tokens (expires_at, revoked_at);
create index sessions_live on sessions (expires_at, family);
drop index refresh_tokens_by_expiry;
drop index sessions_by_expiry;
