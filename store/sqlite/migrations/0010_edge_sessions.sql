-- Sessions of browsers that signed in at a route.
create table edge_sessions (
    id           text primary key not null,
    login        text not null,
    issuer       text not null,
    subject      text not null,
    secret       blob not null,
    sealed       blob not null,
    created_at   integer,
    expires_at   integer,
    valid_until  integer,
    leased_until integer
) strict;
create index edge_sessions_by_subject on edge_sessions (subject, issuer, login, created_at, id);
create index edge_sessions_by_expiry on edge_sessions (expires_at);
