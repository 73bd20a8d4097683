SELECT …
FROM audit_head WITH (UPDLOCK, HOLDLOCK)
WHERE audit_head.customer_id = :customer_id;

SELECT …
FROM audit_head WITH (UPDLOCK, ROWLOCK)
WHERE audit_head.customer_id = :customer_id_1;

SELECT …
FROM customer WITH (UPDLOCK, ROWLOCK)
WHERE customer.id = :id_1;

SELECT …
FROM inbox WITH (UPDLOCK, HOLDLOCK)
WHERE inbox.cmd_id = :cmd_id;

SELECT …
FROM sandbox WITH (UPDLOCK, HOLDLOCK)
WHERE sandbox.customer_id = :customer_id;

