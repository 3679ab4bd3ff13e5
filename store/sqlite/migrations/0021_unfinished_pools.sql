-- Pools that an import is still writing, and the keys of the Sluices that a pool came from.
alter table pools add column sealed_keys blob;
alter table pools add column unfinished text not null default '';
create index pools_unfinished on pools (id) where unfinished > '';
