-- Rows as the release with schema 27 wrote them.
insert into pools (id, name, settings, declared, created_at, modified_at) values ('us-east-1_aaaaaaaaa', 'notes', '{"a":1}', 1, 1793588645678, 1793588646678);
insert into clients values ('1aaaaaaaaaaaaaaaaaaaaaaaaa', 'us-east-1_aaaaaaaaa', 'web', '{}', 0, 1793588645678, 1793588646678,
    '[{"ID":"1aaaaaaaaaaaaaaaaaaaaaaaaa--1793588645","Sealed":"01","CreatedAt":1793588645678}]');
insert into users values ('us-east-1_aaaaaaaaa', 'sub-ann', 'Ann', 'ann', '[{"Kind":"email","Value":"ann@example.com"}]',
    'CONFIRMED', 1, '{"email":"ann@example.com"}', '$argon2id$', x'02', x'03', 0, null, 1793588646678,
    null, 2, 1793588647678, null, 1793588645678, 1793588646678);
insert into user_aliases values ('us-east-1_aaaaaaaaa', 'email', 'ann@example.com', 'sub-ann');
insert into user_search values ('us-east-1_aaaaaaaaa', 'username', 'Ann', 'sub-ann');
insert into user_search values ('us-east-1_aaaaaaaaa', 'cognito:user_status', 'CONFIRMED', 'sub-ann');
insert into user_search values ('us-east-1_aaaaaaaaa', 'status', 'Enabled', 'sub-ann');
insert into user_search values ('us-east-1_aaaaaaaaa', 'email', 'ann@example.com', 'sub-ann');
insert into user_search values ('us-east-1_aaaaaaaaa', 'folded username', 'ann', 'sub-ann');
insert into user_search values ('us-east-1_aaaaaaaaa', 'folded email', 'ann@example.com', 'sub-ann');
insert into user_groups values ('us-east-1_aaaaaaaaa', 'readers', 'may read', 'arn:aws:iam::1:role/r', 3, 1, 1793588645678, 1793588646678);
insert into memberships values ('us-east-1_aaaaaaaaa', 'readers', 'sub-ann');
insert into codes values ('us-east-1_aaaaaaaaa', 'sub-ann', 'forgot', x'04', 'email', 'ann@example.com', 1, 1793588645678, 1793588649678);
insert into refresh_tokens values ('family', 'us-east-1_aaaaaaaaa', '1aaaaaaaaaaaaaaaaaaaaaaaaa', 'sub-ann', x'05', x'06',
    1793588646678, '{"s":1}', 1793588645678, 1793588645678, 1793588745678, null, 'us-east-1_d', null);
insert into devices values ('us-east-1_aaaaaaaaa', 'sub-ann', 'us-east-1_d', '-abcdefgh', 'phone', x'09', x'0a', 1, '192.0.2.1',
    1793588645678, 1793588646678, 1793588646678);
insert into signing_keys values ('us-east-1_aaaaaaaaa', 'k1', 'id', 'RS256', x'07', 1793588645678, 1793588645678, null, null);
insert into revocations values ('user', 'sub-ann', null, 1793588745678);
insert into identity_pools values ('us-east-1:p', 'notes', '{}', '{"r":1}', null, 0, 1793588645678, 1793588646678);
insert into identities values ('us-east-1:i', 'us-east-1:p', '[{"Provider":"p","Subject":"sub-ann"}]', 0, 0, 1793588645678, 1793588646678);
insert into identity_logins values ('us-east-1:p', 'p', 'sub-ann', 'us-east-1:i');
insert into roles values ('notes-user', 'Notes-User', '/', 'AROA1', '', '{"t": 1}', '{"p":"{ }"}', '["arn:a"]', '', 3600, '{"k":"v"}', 1, 1793588645678, 1793588646678, '{"arn:aws:iam::123456789012:role/other":"AROA2"}');
insert into policies values ('arn:a', 'ANPA1', 'a', '/', '', '{"d":1}', 'v1', '{}', 0, 1793588645678, 1793588646678, '[{"id":"v1"}]');
insert into settings values ('root', x'08');
insert into heartbeat values (1, 1793588645678);
insert into passkeys values ('us-east-1_aaaaaaaaa', x'09', 'sub-ann', 'example.com', x'0a', 3, 'Security key', x'0b', 'cross-platform', '["usb"]', 0, null, 1793588645678);
insert into messages values ('m1', 'us-east-1_aaaaaaaaa', x'0c', x'0d', x'0e', 2, 1793588645678, 1793588646678, 1793588745678, 'EMAIL');
insert into sessions values ('tkn1', 'us-east-1_aaaaaaaaa', 'sub-ann', '1aaaaaaaaaaaaaaaaaaaaaaaaa', null, '', 'unknown', '192.0.2.1', 1793588645678, 1793588645678, 1893588645678, x'10', x'11');
insert into password_history values ('us-east-1_aaaaaaaaa', 'sub-ann', '["$argon2id$a"]');
insert into auth_events values ('us-east-1_aaaaaaaaa', 'sub-ann', 'e1', 1, '{}', 1793588645678);
insert into challenges values ('c1', 'us-east-1_aaaaaaaaa', x'0f', 1893588645678);
insert into edge_sessions values ('e1', 'web', 'https://idp.example', 'ann', x'01', x'02', 1793588645678, 1793588745678, 1793588746678, null);
insert into brandings values ('b1', 'us-east-1_aaaaaaaaa', '1aaaaaaaaaaaaaaaaaaaaaaaaa', '', 0, '{}', 0, 1793588645678, 1793588646678, null);
insert into branding_assets values ('b1', 'us-east-1_aaaaaaaaa', 'FORM_LOGO', 'LIGHT', '', 'PNG', 'h', x'01', null);
insert into ui_customizations values ('us-east-1_aaaaaaaaa', 'ALL', null, '.a{}', '20261102030405', null, '', '', 1793588645678, 1793588646678);
insert into terms values ('t1', 'us-east-1_aaaaaaaaa', '1aaaaaaaaaaaaaaaaaaaaaaaaa', 'terms-of-use', 'LINK', 'NONE', '{}', 0, 1793588645678, 1793588646678);
insert into authorization_codes values (x'12', 'us-east-1_aaaaaaaaa', '1aaaaaaaaaaaaaaaaaaaaaaaaa', 'sub-ann', 'sso1', x'13', '', 1793588645678, 1793588745678);
insert into domains values ('notes', 'us-east-1_aaaaaaaaa', 0, 2, '', '', '', 1, 1793588645678, 1793588646678);
insert into resource_servers values ('us-east-1_aaaaaaaaa', 'api', 'API', '[{"Name":"read","Description":"r"}]', 0, 1793588645678, 1793588646678);
insert into device_grants values ('d1', 'us-east-1_aaaaaaaaa', '1aaaaaaaaaaaaaaaaaaaaaaaaa', 'code', x'10', 1893588645678);
insert into spent_ids values ('x1', '1aaaaaaaaaaaaaaaaaaaaaaaaa', 1893588645678);
insert into provider_requests values ('q1', 'us-east-1_aaaaaaaaa', '1aaaaaaaaaaaaaaaaaaaaaaaaa', '192.0.2.1', x'14', 1793588645678, 1893588645678);
insert into entities values ('arn:aws:iam::123456789012:oidc-provider/idp.example.com', 'oidc-provider', '{"url":"https://idp.example.com"}', 1793588645678, 1793588646678);
insert into saml_keys values ('us-east-1_aaaaaaaaa', x'15', 1793588645678);
insert into spent_assertions values ('a1', 'us-east-1_aaaaaaaaa', 1893588645678);
insert into identity_providers values ('us-east-1_aaaaaaaaa', 'Google', 'Google', x'11', '{"email":"email"}', '{}', '["example.com"]', 0, 1, 0, 1793588645678, 1793588645678);
insert into user_identities values ('us-east-1_aaaaaaaaa', 'Google', 'Cognito_Subject', '123', 'sub-ann', 'Google', '', 1, 1793588645678);
insert into pulls values ('us-east-1_aaaaaaaaa', x'11', 1793588645678);
insert into pools values ('us-east-1_unfinishe', 'Half', '{}', 0, 1793588645678, 1793588646678, x'01', 'import-1');
insert into import_jobs values ('us-east-1_aaaaaaaaa', 'import-a', 'first', 'arn:aws:iam::123456789012:role/logs', 'BCRYPT', 'Created', '', 'u1', 3, 0, 0, 0, 0, 1793588645678, null, null, null);
insert into import_parts values ('us-east-1_aaaaaaaaa', 'import-a', 'u1', 0, x'11');
insert into import_logs values ('us-east-1_aaaaaaaaa', 'import-a', 0, 'line');
insert into changes (kind, pool, key) values ('client', 'us-east-1_aaaaaaaaa', '1aaaaaaaaaaaaaaaaaaaaaaaaa');
