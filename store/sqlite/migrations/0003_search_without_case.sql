-- The names and addresses of users in lower case, for filters that compare without regard to case.
insert into user_search (pool_id, name, value, sub)
    select pool_id, 'folded ' || name, lower(value), sub from user_search
    where name in ('username', 'email', 'preferred_username');
