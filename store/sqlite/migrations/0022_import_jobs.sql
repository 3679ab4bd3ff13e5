-- Jobs that import users, the parts of their uploaded files, and their logs.
create table import_jobs (
    pool_id    text not null references pools (id) on delete cascade,
    id         text not null,
    name       text not null,
    role_arn   text not null,
    algorithm  text not null,
    status     text not null,
    message    text not null,
    upload     text not null,
    size       integer not null,
    rows_done  integer not null,
    imported   integer not null,
    skipped    integer not null,
    failed     integer not null,
    created_at integer,
    started_at integer,
    ended_at   integer,
    due_at     integer,
    primary key (pool_id, id)
) strict;
create index import_jobs_by_due on import_jobs (due_at);

create table import_parts (
    pool_id text not null,
    job_id  text not null,
    upload  text not null,
    part    integer not null,
    sealed  blob not null,
    primary key (pool_id, job_id, upload, part),
    foreign key (pool_id, job_id) references import_jobs (pool_id, id) on delete cascade
) strict;

create table import_logs (
    pool_id text not null,
    job_id  text not null,
    part    integer not null,
    lines   text not null,
    primary key (pool_id, job_id, part),
    foreign key (pool_id, job_id) references import_jobs (pool_id, id) on delete cascade
) strict;
