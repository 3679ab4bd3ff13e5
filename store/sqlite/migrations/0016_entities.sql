-- Entities of IAM that are neither roles nor policies: identity providers and instance profiles.
create table entities (
    arn         text primary key not null,
    kind        text not null,
    content     text,
    created_at  integer,
    modified_at integer
) strict;
