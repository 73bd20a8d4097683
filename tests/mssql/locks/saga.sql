SELECT TOP __[POSTCOMPILE_param_1] …
FROM run WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)
WHERE run.next_at <= :now AND run.paused = :paused_1 AND (run.definition = :definition_1 AND run.definition_version = :definition_version_1 OR …) ORDER BY run.next_at;

SELECT …
FROM definition WITH (UPDLOCK, HOLDLOCK)
WHERE definition.[key] = :key;

SELECT …
FROM idempotency WITH (UPDLOCK, HOLDLOCK)
WHERE idempotency.[key] = :key;

SELECT …
FROM run WITH (UPDLOCK, HOLDLOCK)
WHERE run.business_key = :business_key;

SELECT …
FROM run WITH (UPDLOCK, ROWLOCK)
WHERE run.id IN (__[POSTCOMPILE_id_1]) AND run.customer_id = :customer_id_1 ORDER BY run.id;

SELECT …
FROM run WITH (UPDLOCK, ROWLOCK)
WHERE run.id IN (__[POSTCOMPILE_id_1]) ORDER BY run.id;

