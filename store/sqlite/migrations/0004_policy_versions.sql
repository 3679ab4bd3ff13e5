-- The versions of a managed policy, as package iam encodes them.
alter table policies add column versions text;
