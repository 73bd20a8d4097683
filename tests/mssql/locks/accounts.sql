SELECT …
FROM account WITH (UPDLOCK, ROWLOCK)
WHERE account.id = :id_1;

SELECT …
FROM audit_head WITH (UPDLOCK, HOLDLOCK)
WHERE audit_head.customer_id = :customer_id;

SELECT …
FROM audit_head WITH (UPDLOCK, ROWLOCK)
WHERE audit_head.customer_id = :customer_id_1;

SELECT …
FROM commitment WITH (UPDLOCK, HOLDLOCK)
WHERE commitment.subscription_id = :subscription_id;

SELECT …
FROM commitment WITH (UPDLOCK, ROWLOCK)
WHERE commitment.subscription_id = :subscription_id_1;

SELECT …
FROM consumed WITH (UPDLOCK, HOLDLOCK)
WHERE consumed.event_id = :event_id;

SELECT …
FROM customer_ref WITH (UPDLOCK, HOLDLOCK)
WHERE customer_ref.customer_id = :customer_id;

SELECT …
FROM customer_ref WITH (UPDLOCK, ROWLOCK)
WHERE customer_ref.customer_id = :customer_id_1;

SELECT …
FROM inbox WITH (UPDLOCK, HOLDLOCK)
WHERE inbox.cmd_id = :cmd_id;

SELECT …
FROM inbox WITH (UPDLOCK, ROWLOCK)
WHERE inbox.cmd_id = :cmd_id_1;

SELECT …
FROM reservation WITH (UPDLOCK, ROWLOCK)
WHERE reservation.id = :id_1;

