SELECT …
FROM api_client WITH (UPDLOCK, HOLDLOCK)
WHERE api_client.id = :id;

SELECT …
FROM api_client WITH (UPDLOCK, ROWLOCK)
WHERE api_client.id = :id_1 AND (api_client.customer_id = :customer_id_1 OR api_client.reseller_id = :reseller_id_1);

SELECT …
FROM audit_head WITH (UPDLOCK, HOLDLOCK)
WHERE audit_head.customer_id = :customer_id;

SELECT …
FROM audit_head WITH (UPDLOCK, ROWLOCK)
WHERE audit_head.customer_id = :customer_id_1;

SELECT …
FROM erasure WITH (UPDLOCK, HOLDLOCK)
WHERE erasure.id = :id;

SELECT …
FROM idempotency WITH (UPDLOCK, HOLDLOCK)
WHERE idempotency.[key] = :key;

SELECT …
FROM inbox WITH (UPDLOCK, HOLDLOCK)
WHERE inbox.cmd_id = :cmd_id;

SELECT …
FROM login WITH (UPDLOCK, ROWLOCK)
WHERE login.id = :id_1;

SELECT …
FROM login WITH (UPDLOCK, ROWLOCK)
WHERE login.id = :id_1 AND login.revoked_at IS NULL;

SELECT …
FROM login WITH (UPDLOCK, ROWLOCK)
WHERE login.id = :id_1 AND login.user_id = :user_id_1;

SELECT …
FROM membership WITH (UPDLOCK, ROWLOCK)
WHERE membership.id = :id_1 AND membership.user_id = :user_id_1;

SELECT …
FROM membership WITH (UPDLOCK, ROWLOCK)
WHERE membership.user_id = :user_id_1;

SELECT …
FROM membership WITH (UPDLOCK, ROWLOCK)
WHERE membership.user_id = :user_id_1 AND membership.state = :state_1 AND (membership.customer_id = :customer_id_1 OR membership.reseller_id = :reseller_id_1);

SELECT …
FROM organisation WITH (UPDLOCK, HOLDLOCK)
WHERE organisation.customer_id = :customer_id;

SELECT …
FROM support_grant WITH (UPDLOCK, ROWLOCK)
WHERE support_grant.id = :id_1 AND (support_grant.customer_id = :customer_id_1 OR support_grant.reseller_id = :reseller_id_1);

SELECT …
FROM throttle WITH (UPDLOCK, HOLDLOCK)
WHERE throttle.[key] = :key;

SELECT …
FROM throttle WITH (UPDLOCK, ROWLOCK)
WHERE throttle.[key] = :key_1;

SELECT …
FROM user_ WITH (UPDLOCK, ROWLOCK)
WHERE user_.id = :id_1;

