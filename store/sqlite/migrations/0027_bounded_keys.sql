-- Aliases, and values that ListUsers filters by, of more than 256 characters: the form in which keys have them, which fits into those of
-- PostgreSQL. The function is sql.Key. An alias may have the form of another one's key: all are gone before the first comes back.
create table user_aliases_long as
    select pool_id, kind, sluice_key(value) as value, sub from user_aliases where length(cast(value as blob)) > 256;
delete from user_aliases where length(cast(value as blob)) > 256;
insert into user_aliases (pool_id, kind, value, sub) select pool_id, kind, value, sub from user_aliases_long;
drop table user_aliases_long;
update user_search set value = sluice_key(value) where length(cast(value as blob)) > 256;
