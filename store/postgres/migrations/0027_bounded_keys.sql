-- Aliases, and values that ListUsers filters by, of more than 256 characters: the form in which keys have them; see sql.Key. Most of them did
-- not fit into a key. Releases before this one read and write the tables as before; they do not find the users of such aliases by them.
-- compatible 22
update user_search set value = left(value, 256) || encode(sha256(convert_to(value, 'UTF8')), 'hex') where char_length(value) > 256;
-- An alias may have the form of another one's key. The lock keeps others from writing such a one meanwhile; the order makes the server delete
-- all before it inserts the first one.
lock table user_aliases in share row exclusive mode;
with long as (delete from user_aliases where char_length(value) > 256 returning pool_id, kind, value, sub)
insert into user_aliases (pool_id, kind, value, sub)
    select pool_id, kind, left(value, 256) || encode(sha256(convert_to(value, 'UTF8')), 'hex') as key, sub from long order by pool_id, kind, key;
