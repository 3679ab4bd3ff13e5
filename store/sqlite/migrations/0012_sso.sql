-- SSO sessions: the hash of what the browser holds, and the sign-in.
alter table sessions add column browser blob;
alter table sessions add column sign_in blob;
create index sessions_by_browser on sessions (browser, active_at, id) where browser is not null;

-- Codes of OAuth 2.0, by the hash of the code.
create table authorization_codes (
    hash       blob primary key not null,
    pool_id    text not null,
    client_id  text not null,
    sub        text not null,
    session    text not null,
    granted    blob not null,
    family     text not null,
    expires_at integer,
    kept_until integer,
    foreign key (pool_id, sub) references users (pool_id, sub) on delete cascade
) strict, without rowid;
create index authorization_codes_by_user on authorization_codes (pool_id, sub);
create index authorization_codes_by_age on authorization_codes (kept_until);
