SELECT …
FROM [identity] WITH (UPDLOCK, ROWLOCK)
WHERE [identity].customer_id = :customer_id_1 AND [identity].[key] = :key_1;

SELECT …
FROM api_client WITH (UPDLOCK, HOLDLOCK)
WHERE api_client.id = :id;

SELECT …
FROM api_client WITH (UPDLOCK, ROWLOCK)
WHERE api_client.id = :id_1;

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
FROM consumed WITH (UPDLOCK, HOLDLOCK)
WHERE consumed.event_id = :event_id;

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
WHERE membership.id = :id_1 AND membership.state = :state_1 AND (membership.customer_id = :customer_id_1 OR membership.reseller_id = :reseller_id_1);

SELECT …
FROM membership WITH (UPDLOCK, ROWLOCK)
WHERE membership.id = :id_1 AND membership.user_id = :user_id_1;

SELECT …
FROM membership WITH (UPDLOCK, ROWLOCK)
WHERE membership.user_id = :user_id_1;

SELECT …
FROM membership WITH (UPDLOCK, ROWLOCK)
WHERE membership.user_id = :user_id_1 AND membership.customer_id = :customer_id_1;

SELECT …
FROM membership WITH (UPDLOCK, ROWLOCK)
WHERE membership.user_id = :user_id_1 AND membership.state = :state_1 AND (membership.customer_id = :customer_id_1 OR membership.reseller_id = :reseller_id_1);

SELECT …
FROM one_time WITH (UPDLOCK, ROWLOCK)
WHERE one_time.[key] = :key_1;

SELECT …
FROM one_time WITH (UPDLOCK, ROWLOCK)
WHERE one_time.[key] = :key_1 AND one_time.purpose = :purpose_1;

SELECT …
FROM organisation WITH (UPDLOCK, HOLDLOCK)
WHERE organisation.customer_id = :customer_id;

SELECT …
FROM organisation WITH (UPDLOCK, ROWLOCK)
WHERE organisation.customer_id = :customer_id_1;

SELECT …
FROM passkey WITH (UPDLOCK, ROWLOCK)
WHERE passkey.credential_hash = :credential_hash_1;

SELECT …
FROM passkey WITH (UPDLOCK, ROWLOCK)
WHERE passkey.id = :id_1 AND passkey.user_id = :user_id_1;

SELECT …
FROM sign_on WITH (UPDLOCK, ROWLOCK)
WHERE sign_on.customer_id = :customer_id_1;

SELECT …
FROM sign_on_domain WITH (UPDLOCK, ROWLOCK)
WHERE sign_on_domain.id = :id_1 AND sign_on_domain.customer_id = :customer_id_1 AND sign_on_domain.customer_id = :customer_id_2;

SELECT …
FROM support_grant WITH (UPDLOCK, HOLDLOCK)
WHERE support_grant.id = :id;

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
FROM totp WITH (UPDLOCK, HOLDLOCK)
WHERE totp.user_id = :user_id;

SELECT …
FROM totp WITH (UPDLOCK, ROWLOCK)
WHERE totp.user_id = :user_id_1;

SELECT …
FROM user_ WITH (UPDLOCK, HOLDLOCK)
WHERE user_.email_key = :email_key;

SELECT …
FROM user_ WITH (UPDLOCK, ROWLOCK)
WHERE user_.id = :id_1;

