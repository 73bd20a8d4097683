SELECT …
FROM account_ref WITH (UPDLOCK, HOLDLOCK)
WHERE account_ref.id = :id;

SELECT …
FROM account_ref WITH (UPDLOCK, ROWLOCK)
WHERE account_ref.id = :id_1;

SELECT …
FROM approval WITH (UPDLOCK, ROWLOCK)
WHERE approval.id = :id_1;

SELECT …
FROM approval WITH (UPDLOCK, ROWLOCK)
WHERE approval.id = :id_1 AND approval.customer_id = :customer_id_1;

SELECT …
FROM approval_limit WITH (UPDLOCK, ROWLOCK)
WHERE approval_limit.customer_id = :customer_id_1 AND approval_limit.role = :role_1;

SELECT …
FROM approval_limit WITH (UPDLOCK, ROWLOCK)
WHERE approval_limit.customer_id = :customer_id_1 AND approval_limit.role = :role_1 AND approval_limit.customer_id = :customer_id_2;

SELECT …
FROM audit_head WITH (UPDLOCK, HOLDLOCK)
WHERE audit_head.customer_id = :customer_id;

SELECT …
FROM audit_head WITH (UPDLOCK, ROWLOCK)
WHERE audit_head.customer_id = :customer_id_1;

SELECT …
FROM bulk_plan WITH (UPDLOCK, HOLDLOCK)
WHERE bulk_plan.id = :id;

SELECT …
FROM bulk_plan WITH (UPDLOCK, ROWLOCK)
WHERE bulk_plan.id = :id_1;

SELECT …
FROM cart WITH (UPDLOCK, HOLDLOCK)
WHERE cart.account_id = :account_id;

SELECT …
FROM cart WITH (UPDLOCK, ROWLOCK)
WHERE cart.id = :id_1 AND cart.customer_id = :customer_id_1;

SELECT …
FROM change_ WITH (UPDLOCK, ROWLOCK)
WHERE change_.id = :id_1;

SELECT …
FROM decision WITH (UPDLOCK, HOLDLOCK)
WHERE decision.id = :id;

SELECT …
FROM decision WITH (UPDLOCK, ROWLOCK)
WHERE decision.id = :id_1;

SELECT …
FROM decision WITH (UPDLOCK, ROWLOCK)
WHERE decision.subscription_id = :subscription_id_1 AND decision.settled_at IS NOT NULL AND decision.finished_at IS NULL ORDER BY decision.term_end;

SELECT …
FROM decision WITH (UPDLOCK, ROWLOCK)
WHERE decision.subscription_id = :subscription_id_1 AND decision.settled_at IS NULL ORDER BY decision.term_end DESC, decision.id DESC;

SELECT …
FROM drift WITH (UPDLOCK, ROWLOCK)
WHERE drift.id = :id_1;

SELECT …
FROM history_line WITH (UPDLOCK, HOLDLOCK)
WHERE history_line.id = :id;

SELECT …
FROM idempotency WITH (UPDLOCK, HOLDLOCK)
WHERE idempotency.[key] = :key;

SELECT …
FROM inbox WITH (UPDLOCK, HOLDLOCK)
WHERE inbox.cmd_id = :cmd_id;

SELECT …
FROM inbox WITH (UPDLOCK, ROWLOCK)
WHERE inbox.cmd_id = :cmd_id_1;

SELECT …
FROM number_series WITH (UPDLOCK, HOLDLOCK)
WHERE number_series.series = :series;

SELECT …
FROM number_series WITH (UPDLOCK, ROWLOCK)
WHERE number_series.series = :series_1;

SELECT …
FROM order_ WITH (UPDLOCK, ROWLOCK)
WHERE order_.id = :id_1;

SELECT …
FROM ordering_rule WITH (UPDLOCK, ROWLOCK)
WHERE ordering_rule.customer_id = :customer_id_1 AND ordering_rule.customer_id = :customer_id_2;

SELECT …
FROM preview WITH (UPDLOCK, ROWLOCK)
WHERE preview.id = :id_1 AND preview.customer_id = :customer_id_1;

SELECT …
FROM price_agreement WITH (UPDLOCK, ROWLOCK)
WHERE price_agreement.id = :id_1;

SELECT …
FROM price_book WITH (UPDLOCK, HOLDLOCK)
WHERE price_book.name = :name;

SELECT …
FROM price_book WITH (UPDLOCK, ROWLOCK)
WHERE price_book.name = :name_1;

SELECT …
FROM provider WITH (UPDLOCK, HOLDLOCK)
WHERE provider.[key] = :key;

SELECT …
FROM provider_hint WITH (UPDLOCK, HOLDLOCK)
WHERE provider_hint.id = :id;

SELECT …
FROM provider_operation WITH (UPDLOCK, HOLDLOCK)
WHERE provider_operation.id = :id;

SELECT …
FROM provider_operation WITH (UPDLOCK, ROWLOCK)
WHERE provider_operation.id = :id_1;

SELECT …
FROM quote WITH (UPDLOCK, ROWLOCK)
WHERE quote.id = :id_1 AND quote.customer_id = :customer_id_1;

SELECT …
FROM reconciliation WITH (UPDLOCK, HOLDLOCK)
WHERE reconciliation.account_id = :account_id;

SELECT …
FROM reconciliation WITH (UPDLOCK, ROWLOCK)
WHERE reconciliation.account_id = :account_id_1;

SELECT …
FROM resale_book WITH (UPDLOCK, HOLDLOCK)
WHERE resale_book.id = :id;

SELECT …
FROM stamp WITH (UPDLOCK, HOLDLOCK)
WHERE stamp.topic = :topic;

SELECT …
FROM subscription WITH (UPDLOCK, ROWLOCK)
WHERE subscription.account_id = :account_id_1 ORDER BY subscription.id;

SELECT …
FROM subscription WITH (UPDLOCK, ROWLOCK)
WHERE subscription.id = :id_1;

SELECT …
FROM subscription WITH (UPDLOCK, ROWLOCK)
WHERE subscription.id = :id_1 AND subscription.customer_id = :customer_id_1;

