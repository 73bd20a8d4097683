SELECT …
FROM audit_head WITH (UPDLOCK, HOLDLOCK)
WHERE audit_head.customer_id = :customer_id;

SELECT …
FROM audit_head WITH (UPDLOCK, ROWLOCK)
WHERE audit_head.customer_id = :customer_id_1;

SELECT …
FROM charge WITH (UPDLOCK, HOLDLOCK)
WHERE charge.id = :id;

SELECT …
FROM customer_ref WITH (UPDLOCK, HOLDLOCK)
WHERE customer_ref.customer_id = :customer_id;

SELECT …
FROM inbox WITH (UPDLOCK, HOLDLOCK)
WHERE inbox.cmd_id = :cmd_id;

