-- The unique ids of the roles that a trust policy names, by their ARNs; see store.Role. A role without the id of a name gets it at the first load.
-- compatible 22
alter table roles add column trusted text collate "C" not null default '{}';
