-- Aliases, and values that ListUsers filters by, of more than 256 characters: the form in which keys have them, which fits into those of
-- PostgreSQL. The function is sql.Key.
update user_aliases set value = sluice_key(value) where length(cast(value as blob)) > 256;
update user_search set value = sluice_key(value) where length(cast(value as blob)) > 256;
