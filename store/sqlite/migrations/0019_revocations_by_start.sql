-- A process without Redis reads what others revoked since it read last.
create index revocations_by_start on revocations (not_before);
