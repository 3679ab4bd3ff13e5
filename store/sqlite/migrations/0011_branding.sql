-- How the login pages of app clients look. The column draft is empty for the style that users see, and a draft's id.
create table brandings (
    id          text primary key not null,
    pool_id     text not null references pools (id) on delete cascade,
    client_id   text not null references clients (id) on delete cascade,
    draft       text not null,
    provided    integer not null,
    settings    text,
    declared    integer not null,
    created_at  integer,
    modified_at integer,
    expires_at  integer,
    unique (client_id, draft)
) strict, without rowid;
create index brandings_by_pool on brandings (pool_id, created_at, id) where draft > '';
create index brandings_of_pool on brandings (pool_id);
create index brandings_by_expiry on brandings (expires_at);
create table branding_assets (
    branding_id text not null references brandings (id) on delete cascade,
    pool_id     text not null,
    category    text not null,
    color_mode  text not null,
    resource_id text not null,
    extension   text not null,
    hash        text not null,
    bytes       blob,
    served      blob,
    primary key (branding_id, category, color_mode, resource_id)
) strict;
create index branding_assets_by_hash on branding_assets (pool_id, hash);
-- The column client is the client of a classic look, and null for the look of a pool.
create table ui_customizations (
    pool_id     text not null references pools (id) on delete cascade,
    client_id   text not null,
    client      text references clients (id) on delete cascade,
    css         text not null,
    version     text not null,
    image       blob,
    image_type  text not null,
    image_hash  text not null,
    created_at  integer,
    modified_at integer,
    primary key (pool_id, client_id)
) strict;
create index ui_customizations_by_client on ui_customizations (client);
create index ui_customizations_by_image on ui_customizations (pool_id, image_hash);
-- The documents that users of app clients agree to.
create table terms (
    id          text primary key not null,
    pool_id     text not null references pools (id) on delete cascade,
    client_id   text not null references clients (id) on delete cascade,
    name        text not null,
    source      text not null,
    enforcement text not null,
    links       text not null,
    declared    integer not null,
    created_at  integer,
    modified_at integer,
    unique (client_id, name)
) strict, without rowid;
create index terms_by_pool on terms (pool_id, id);
