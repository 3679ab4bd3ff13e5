-- The records, as migrations 0001 to 0022 of store/sqlite made them.
-- compatible 22

create table pools (
    id          text collate "C" primary key,
    name        text collate "C" not null,
    settings    text collate "C",
    declared    boolean not null,
    sealed_keys bytea,
    unfinished  text collate "C" not null,
    created_at  timestamptz,
    modified_at timestamptz
);
create index pools_unfinished on pools (id) where unfinished > '';

create table clients (
    id          text collate "C" primary key,
    pool_id     text collate "C" not null references pools (id) on delete cascade,
    name        text collate "C" not null,
    settings    text collate "C",
    declared    boolean not null,
    created_at  timestamptz,
    modified_at timestamptz,
    secrets     text collate "C"
);
create index clients_by_pool on clients (pool_id, id);

create table domains (
    name        text collate "C" primary key,
    pool_id     text collate "C" not null references pools (id) on delete cascade,
    custom      boolean not null,
    version     bigint not null,
    certificate text collate "C" not null,
    policy      text collate "C" not null,
    failover    text collate "C" not null,
    declared    boolean not null,
    created_at  timestamptz,
    modified_at timestamptz,
    unique (pool_id, custom)
);

create table resource_servers (
    pool_id     text collate "C" not null references pools (id) on delete cascade,
    id          text collate "C" not null,
    name        text collate "C" not null,
    scopes      text collate "C",
    declared    boolean not null,
    created_at  timestamptz,
    modified_at timestamptz,
    primary key (pool_id, id)
);
create index resource_servers_by_age on resource_servers (pool_id, created_at, id);

create table identity_providers (
    pool_id     text collate "C" not null references pools (id) on delete cascade,
    name        text collate "C" not null,
    type        text collate "C" not null,
    sealed      bytea,
    mapping     text collate "C" not null,
    acr         text collate "C" not null,
    identifiers text collate "C",
    unsolicited boolean not null,
    version     bigint not null,
    declared    boolean not null,
    created_at  timestamptz,
    modified_at timestamptz,
    primary key (pool_id, name)
);

create table users (
    pool_id              text collate "C" not null references pools (id) on delete cascade,
    sub                  text collate "C" not null,
    username             text collate "C" not null,
    name_key             text collate "C" not null,
    aliases              text collate "C",
    status               text collate "C" not null,
    enabled              boolean not null,
    attributes           text collate "C" not null,
    password_hash        text collate "C" not null,
    srp_salt             bytea,
    srp_verifier         bytea,
    password_temporary   boolean not null,
    password_expires_at  timestamptz,
    password_modified_at timestamptz,
    mfa                  text collate "C",
    failures             bigint not null,
    failed_at            timestamptz,
    locked_until         timestamptz,
    created_at           timestamptz,
    modified_at          timestamptz,
    primary key (pool_id, sub),
    unique (pool_id, name_key)
);

-- Where the users of a pool were pulled from. The data are sealed.
create table pulls (
    pool_id     text collate "C" primary key references pools (id) on delete cascade,
    data        bytea not null,
    modified_at timestamptz
);

-- The users whose password is still there.
create index users_elsewhere on users (pool_id, sub) where password_hash = '$elsewhere$';

-- The same aliases as users.aliases, one row each, to be found and to be unique.
create table user_aliases (
    pool_id text collate "C" not null,
    kind    text collate "C" not null,
    value   text collate "C" not null,
    sub     text collate "C" not null,
    primary key (pool_id, kind, value),
    foreign key (pool_id, sub) references users (pool_id, sub) on delete cascade
);
create index user_aliases_by_user on user_aliases (pool_id, sub);

-- What ListUsers may filter by, one row per user and name.
create table user_search (
    pool_id text collate "C" not null,
    name    text collate "C" not null,
    value   text collate "C" not null,
    sub     text collate "C" not null,
    primary key (pool_id, name, value, sub),
    foreign key (pool_id, sub) references users (pool_id, sub) on delete cascade
);
create index user_search_by_user on user_search (pool_id, sub);

create table user_identities (
    pool_id    text collate "C" not null,
    provider   text collate "C" not null,
    attribute  text collate "C" not null,
    value      text collate "C" not null,
    sub        text collate "C" not null,
    type       text collate "C" not null,
    issuer     text collate "C" not null,
    first      boolean not null,
    created_at timestamptz,
    primary key (pool_id, provider, attribute, value),
    foreign key (pool_id, sub) references users (pool_id, sub) on delete cascade
);
create index user_identities_by_user on user_identities (pool_id, sub, created_at, provider, attribute, value);

create table user_groups (
    pool_id     text collate "C" not null references pools (id) on delete cascade,
    name        text collate "C" not null,
    description text collate "C" not null,
    role_arn    text collate "C" not null,
    precedence  bigint,
    declared    boolean not null,
    created_at  timestamptz,
    modified_at timestamptz,
    primary key (pool_id, name)
);

create table memberships (
    pool_id    text collate "C" not null,
    group_name text collate "C" not null,
    sub        text collate "C" not null,
    primary key (pool_id, group_name, sub),
    foreign key (pool_id, group_name) references user_groups (pool_id, name) on delete cascade,
    foreign key (pool_id, sub) references users (pool_id, sub) on delete cascade
);
create index memberships_by_user on memberships (pool_id, sub, group_name);

create table codes (
    pool_id    text collate "C" not null,
    sub        text collate "C" not null,
    purpose    text collate "C" not null,
    hash       bytea,
    attribute  text collate "C" not null,
    value      text collate "C" not null,
    attempts   bigint not null,
    created_at timestamptz,
    expires_at timestamptz,
    primary key (pool_id, sub, purpose),
    foreign key (pool_id, sub) references users (pool_id, sub) on delete cascade
);

create table passkeys (
    pool_id         text collate "C" not null,
    id              bytea not null,
    sub             text collate "C" not null,
    relying_party   text collate "C" not null,
    public_key      bytea,
    sign_count      bigint not null,
    name            text collate "C" not null,
    aaguid          bytea,
    attachment      text collate "C" not null,
    transports      text collate "C",
    backup_eligible boolean not null,
    answered        text collate "C",
    created_at      timestamptz,
    primary key (pool_id, id),
    foreign key (pool_id, sub) references users (pool_id, sub) on delete cascade
);
create index passkeys_by_user on passkeys (pool_id, sub, created_at, id);

create table messages (
    id         text collate "C" primary key,
    pool_id    text collate "C" not null references pools (id) on delete cascade,
    topic      bytea not null,
    origin     bytea not null,
    sealed     bytea not null,
    attempts   bigint not null,
    created_at timestamptz,
    due_at     timestamptz,
    expires_at timestamptz,
    unique (pool_id, topic)
);
create index messages_by_time on messages (due_at, id);

create table challenges (
    id         text collate "C" primary key,
    pool_id    text collate "C" not null references pools (id) on delete cascade,
    sealed     bytea not null,
    expires_at timestamptz
);
create index challenges_by_expiry on challenges (expires_at);
create index challenges_by_pool on challenges (pool_id);

-- Requests of devices for tokens (RFC 8628).
create table device_grants (
    id         text collate "C" primary key,
    pool_id    text collate "C" not null references pools (id) on delete cascade,
    client_id  text collate "C" not null references clients (id) on delete cascade,
    user_code  text collate "C" not null,
    data       bytea not null,
    expires_at timestamptz,
    unique (pool_id, user_code)
);
create index device_grants_by_client on device_grants (client_id);
create index device_grants_by_expiry on device_grants (expires_at);

-- Identifiers that may be used once.
create table spent_ids (
    id         text collate "C" primary key,
    client_id  text collate "C" not null references clients (id) on delete cascade,
    expires_at timestamptz
);
create index spent_ids_by_client on spent_ids (client_id);
create index spent_ids_by_expiry on spent_ids (expires_at);

-- Requests to identity providers that wait for their answers.
create table provider_requests (
    id         text collate "C" primary key,
    pool_id    text collate "C" not null references pools (id) on delete cascade,
    client_id  text collate "C" not null references clients (id) on delete cascade,
    network    text collate "C" not null,
    sealed     bytea not null,
    created_at timestamptz,
    expires_at timestamptz
);
create index provider_requests_by_pool on provider_requests (pool_id);
create index provider_requests_by_client on provider_requests (client_id);
create index provider_requests_by_network on provider_requests (network, created_at, id);
create index provider_requests_by_expiry on provider_requests (expires_at);

-- SAML assertions that were accepted, until they expire.
create table spent_assertions (
    id         text collate "C" primary key,
    pool_id    text collate "C" not null references pools (id) on delete cascade,
    expires_at timestamptz
);
create index spent_assertions_by_pool on spent_assertions (pool_id);
create index spent_assertions_by_expiry on spent_assertions (expires_at);

-- The keys that sign requests to SAML providers.
create table saml_keys (
    pool_id     text collate "C" primary key references pools (id) on delete cascade,
    private_key bytea not null,
    created_at  timestamptz
);

create table refresh_tokens (
    id            text collate "C" primary key,
    pool_id       text collate "C" not null,
    client_id     text collate "C" not null references clients (id) on delete cascade,
    sub           text collate "C" not null,
    hash          bytea not null unique,
    previous_hash bytea,
    rotated_at    timestamptz,
    context       text collate "C",
    auth_time     timestamptz,
    created_at    timestamptz,
    expires_at    timestamptz,
    revoked_at    timestamptz,
    device_key          text collate "C" not null default '',
    device_forgotten_at timestamptz,
    foreign key (pool_id, sub) references users (pool_id, sub) on delete cascade
);
create index refresh_tokens_by_previous on refresh_tokens (previous_hash) where previous_hash is not null;
create index refresh_tokens_by_user on refresh_tokens (pool_id, sub, created_at, id);
create index refresh_tokens_by_client on refresh_tokens (client_id);
create index refresh_tokens_by_expiry on refresh_tokens (expires_at);

-- Sessions of users whose pool tracks sessions. A token session goes with its refresh family.
create table sessions (
    id         text collate "C" primary key,
    pool_id    text collate "C" not null,
    sub        text collate "C" not null,
    client_id  text collate "C" not null,
    family     text collate "C" unique references refresh_tokens (id) on delete cascade,
    origin     text collate "C" not null,
    device     text collate "C" not null,
    address    text collate "C" not null,
    created_at timestamptz,
    active_at  timestamptz,
    expires_at timestamptz,
    browser    bytea,
    sign_in    bytea,
    foreign key (pool_id, sub) references users (pool_id, sub) on delete cascade
);
create index sessions_by_user on sessions (pool_id, sub, active_at, id);
create index sessions_by_expiry on sessions (expires_at);
create index sessions_by_browser on sessions (browser, active_at, id) where browser is not null;

-- Codes of OAuth 2.0, by the hash of the code.
create table authorization_codes (
    hash       bytea primary key,
    pool_id    text collate "C" not null,
    client_id  text collate "C" not null,
    sub        text collate "C" not null,
    session    text collate "C" not null,
    granted    bytea not null,
    family     text collate "C" not null,
    expires_at timestamptz,
    kept_until timestamptz,
    foreign key (pool_id, sub) references users (pool_id, sub) on delete cascade
);
create index authorization_codes_by_user on authorization_codes (pool_id, sub);
create index authorization_codes_by_age on authorization_codes (kept_until);

-- Sessions of browsers that signed in at a route.
create table edge_sessions (
    id           text collate "C" primary key,
    login        text collate "C" not null,
    issuer       text collate "C" not null,
    subject      text collate "C" not null,
    secret       bytea not null,
    sealed       bytea not null,
    created_at   timestamptz,
    expires_at   timestamptz,
    valid_until  timestamptz,
    leased_until timestamptz
);
create index edge_sessions_by_subject on edge_sessions (subject, issuer, login, created_at, id);
create index edge_sessions_by_expiry on edge_sessions (expires_at);

-- The hashes of the passwords that a user had before, the newest first.
create table password_history (
    pool_id text collate "C" not null,
    sub     text collate "C" not null,
    hashes  text collate "C" not null,
    primary key (pool_id, sub),
    foreign key (pool_id, sub) references users (pool_id, sub) on delete cascade
);

-- The history of the sign-ins of a user.
create table auth_events (
    pool_id    text collate "C" not null,
    sub        text collate "C" not null,
    id         text collate "C" not null,
    passed     boolean not null,
    data       text collate "C",
    created_at timestamptz,
    primary key (pool_id, sub, id),
    foreign key (pool_id, sub) references users (pool_id, sub) on delete cascade
);
create index auth_events_by_age on auth_events (pool_id, sub, created_at, id);
create index auth_events_by_result on auth_events (pool_id, sub, passed, created_at, id);
create index auth_events_by_creation on auth_events (created_at);

create table devices (
    pool_id          text collate "C" not null,
    sub              text collate "C" not null,
    device_key       text collate "C" not null,
    group_key        text collate "C" not null,
    name             text collate "C" not null,
    salt             bytea,
    verifier         bytea,
    remembered       boolean not null,
    last_ip          text collate "C" not null,
    created_at       timestamptz,
    modified_at      timestamptz,
    authenticated_at timestamptz,
    primary key (pool_id, sub, device_key),
    foreign key (pool_id, sub) references users (pool_id, sub) on delete cascade
);
create index devices_by_use on devices (pool_id, sub, authenticated_at, device_key);

create table signing_keys (
    owner       text collate "C" not null,
    id          text collate "C" not null,
    purpose     text collate "C" not null,
    algorithm   text collate "C" not null,
    private_key bytea,
    created_at  timestamptz,
    signs_from  timestamptz,
    signs_to    timestamptz,
    expires_at  timestamptz,
    primary key (owner, id)
);

create table revocations (
    kind       text collate "C" not null,
    name       text collate "C" not null,
    not_before timestamptz,
    until_at   timestamptz,
    primary key (kind, name)
);
create index revocations_by_start on revocations (not_before);
create index revocations_by_end on revocations (until_at);

create table identity_pools (
    id          text collate "C" primary key,
    name        text collate "C" not null,
    settings    text collate "C",
    roles       text collate "C",
    tag_maps    text collate "C",
    declared    boolean not null,
    created_at  timestamptz,
    modified_at timestamptz
);

create table identities (
    id          text collate "C" primary key,
    pool_id     text collate "C" not null references identity_pools (id) on delete cascade,
    logins      text collate "C",
    guest       boolean not null,
    disabled    boolean not null,
    created_at  timestamptz,
    modified_at timestamptz
);
create index identities_by_pool on identities (pool_id, id);

-- The same logins as identities.logins, one row each, to be found and to be unique.
create table identity_logins (
    pool_id     text collate "C" not null,
    provider    text collate "C" not null,
    subject     text collate "C" not null,
    identity_id text collate "C" not null references identities (id) on delete cascade,
    primary key (pool_id, provider, subject)
);
create index identity_logins_by_login on identity_logins (provider, subject);
create index identity_logins_by_identity on identity_logins (identity_id);

create table roles (
    name_key    text collate "C" primary key,
    name        text collate "C" not null,
    path        text collate "C" not null,
    id          text collate "C" not null,
    description text collate "C" not null,
    trust       text collate "C",
    inline      text collate "C" not null,
    attached    text collate "C",
    boundary    text collate "C" not null,
    max_session bigint not null,
    tags        text collate "C" not null,
    declared    boolean not null,
    created_at  timestamptz,
    modified_at timestamptz
);
create index roles_by_name on roles (name);

create table policies (
    arn         text collate "C" primary key,
    id          text collate "C" not null,
    name        text collate "C" not null,
    path        text collate "C" not null,
    description text collate "C" not null,
    document    text collate "C",
    version     text collate "C" not null,
    tags        text collate "C" not null,
    declared    boolean not null,
    created_at  timestamptz,
    modified_at timestamptz,
    versions    text collate "C"
);

create table entities (
    arn         text collate "C" primary key,
    kind        text collate "C" not null,
    content     text collate "C",
    created_at  timestamptz,
    modified_at timestamptz
);

-- How the login pages of app clients look. The column draft is empty for the style that users see, and a draft's id.
create table brandings (
    id          text collate "C" primary key,
    pool_id     text collate "C" not null references pools (id) on delete cascade,
    client_id   text collate "C" not null references clients (id) on delete cascade,
    draft       text collate "C" not null,
    provided    boolean not null,
    settings    text collate "C",
    declared    boolean not null,
    created_at  timestamptz,
    modified_at timestamptz,
    expires_at  timestamptz,
    unique (client_id, draft)
);
create index brandings_by_pool on brandings (pool_id, created_at, id) where draft > '';
create index brandings_of_pool on brandings (pool_id);
create index brandings_by_expiry on brandings (expires_at);

create table branding_assets (
    branding_id text collate "C" not null references brandings (id) on delete cascade,
    pool_id     text collate "C" not null,
    category    text collate "C" not null,
    color_mode  text collate "C" not null,
    resource_id text collate "C" not null,
    extension   text collate "C" not null,
    hash        text collate "C" not null,
    bytes       bytea,
    served      bytea,
    primary key (branding_id, category, color_mode, resource_id)
);
create index branding_assets_by_hash on branding_assets (pool_id, hash);

-- The column client is the client of a classic look, and null for the look of a pool.
create table ui_customizations (
    pool_id     text collate "C" not null references pools (id) on delete cascade,
    client_id   text collate "C" not null,
    client      text collate "C" references clients (id) on delete cascade,
    css         text collate "C" not null,
    version     text collate "C" not null,
    image       bytea,
    image_type  text collate "C" not null,
    image_hash  text collate "C" not null,
    created_at  timestamptz,
    modified_at timestamptz,
    primary key (pool_id, client_id)
);
create index ui_customizations_by_client on ui_customizations (client);
create index ui_customizations_by_image on ui_customizations (pool_id, image_hash);

-- The documents that users of app clients agree to.
create table terms (
    id          text collate "C" primary key,
    pool_id     text collate "C" not null references pools (id) on delete cascade,
    client_id   text collate "C" not null references clients (id) on delete cascade,
    name        text collate "C" not null,
    source      text collate "C" not null,
    enforcement text collate "C" not null,
    links       text collate "C" not null,
    declared    boolean not null,
    created_at  timestamptz,
    modified_at timestamptz,
    unique (client_id, name)
);
create index terms_by_pool on terms (pool_id, id);

-- Jobs that import users, the parts of their uploaded files, and their logs.
create table import_jobs (
    pool_id    text collate "C" not null references pools (id) on delete cascade,
    id         text collate "C" not null,
    name       text collate "C" not null,
    role_arn   text collate "C" not null,
    algorithm  text collate "C" not null,
    status     text collate "C" not null,
    message    text collate "C" not null,
    upload     text collate "C" not null,
    size       bigint not null,
    rows_done  bigint not null,
    imported   bigint not null,
    skipped    bigint not null,
    failed     bigint not null,
    created_at timestamptz,
    started_at timestamptz,
    ended_at   timestamptz,
    due_at     timestamptz,
    primary key (pool_id, id)
);
create index import_jobs_by_due on import_jobs (due_at);

create table import_parts (
    pool_id text collate "C" not null,
    job_id  text collate "C" not null,
    upload  text collate "C" not null,
    part    bigint not null,
    sealed  bytea not null,
    primary key (pool_id, job_id, upload, part),
    foreign key (pool_id, job_id) references import_jobs (pool_id, id) on delete cascade
);

create table import_logs (
    pool_id text collate "C" not null,
    job_id  text collate "C" not null,
    part    bigint not null,
    lines   text collate "C" not null,
    primary key (pool_id, job_id, part),
    foreign key (pool_id, job_id) references import_jobs (pool_id, id) on delete cascade
);

create table settings (
    name  text collate "C" primary key,
    value bytea
);

-- Written by Ping, to learn whether a write would be taken.
create table heartbeat (
    id bigint primary key,
    at timestamptz
);
