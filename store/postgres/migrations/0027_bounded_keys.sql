-- Aliases, and values that ListUsers filters by, of more than 256 characters: the form in which keys have them; see sql.Key. Most of them did
-- not fit into a key. Releases before this one read and write the tables as before; they do not find the users of such aliases by them.
-- compatible 22
update user_aliases set value = left(value, 256) || encode(sha256(convert_to(value, 'UTF8')), 'hex') where char_length(value) > 256;
update user_search set value = left(value, 256) || encode(sha256(convert_to(value, 'UTF8')), 'hex') where char_length(value) > 256;
