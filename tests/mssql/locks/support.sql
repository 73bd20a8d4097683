SELECT TOP __[POSTCOMPILE_param_1] …
FROM attachment WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)
WHERE attachment.search_at <= :search_at_1 ORDER BY attachment.search_at;

SELECT …
FROM attachment WITH (UPDLOCK, HOLDLOCK)
WHERE attachment.id = :id;

SELECT …
FROM attachment WITH (UPDLOCK, ROWLOCK)
WHERE attachment.id = :id_1 AND attachment.state = :state_1;

SELECT …
FROM audit_head WITH (UPDLOCK, HOLDLOCK)
WHERE audit_head.customer_id = :customer_id;

SELECT …
FROM audit_head WITH (UPDLOCK, ROWLOCK)
WHERE audit_head.customer_id = :customer_id_1;

SELECT …
FROM case_ WITH (UPDLOCK, HOLDLOCK)
WHERE case_.id = :id;

SELECT …
FROM case_ WITH (UPDLOCK, ROWLOCK)
WHERE case_.id = :id_1;

SELECT …
FROM consumed WITH (UPDLOCK, HOLDLOCK)
WHERE consumed.event_id = :event_id;

SELECT …
FROM idempotency WITH (UPDLOCK, HOLDLOCK)
WHERE idempotency.[key] = :key;

SELECT …
FROM inbox WITH (UPDLOCK, HOLDLOCK)
WHERE inbox.cmd_id = :cmd_id;

SELECT …
FROM number_series WITH (UPDLOCK, HOLDLOCK)
WHERE number_series.series = :series;

SELECT …
FROM number_series WITH (UPDLOCK, ROWLOCK)
WHERE number_series.series = :series_1;

SELECT …
FROM reference WITH (UPDLOCK, HOLDLOCK)
WHERE reference.id = :id;

SELECT …
FROM reference WITH (UPDLOCK, ROWLOCK)
WHERE reference.id = :id_1;

SELECT …
FROM reply WITH (UPDLOCK, HOLDLOCK)
WHERE reply.id = :id;

