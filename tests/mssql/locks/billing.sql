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
FROM charge WITH (UPDLOCK, ROWLOCK)
WHERE (charge.customer_id = :customer_id_1 AND charge.reseller_id IS NULL OR charge.reseller_id = :reseller_id_1) AND charge.currency = :currency_1 AND charge.invoice_id IS NULL AND charge.effective_on <= :effective_on_1 ORDER BY charge.customer_id, charge.account_name, charge.name, charge.effective_on, charge.id;

SELECT …
FROM customer_ref WITH (UPDLOCK, HOLDLOCK)
WHERE customer_ref.customer_id = :customer_id;

SELECT …
FROM document WITH (UPDLOCK, HOLDLOCK)
WHERE document.id = :id;

SELECT …
FROM inbox WITH (UPDLOCK, HOLDLOCK)
WHERE inbox.cmd_id = :cmd_id;

SELECT …
FROM inbox WITH (UPDLOCK, ROWLOCK)
WHERE inbox.cmd_id = :cmd_id_1;

SELECT …
FROM invoice WITH (UPDLOCK, HOLDLOCK)
WHERE invoice.id = :id;

SELECT …
FROM invoice WITH (UPDLOCK, ROWLOCK)
WHERE invoice.id = :id_1;

SELECT …
FROM invoice_series WITH (UPDLOCK, HOLDLOCK)
WHERE invoice_series.series = :series;

SELECT …
FROM invoice_series WITH (UPDLOCK, ROWLOCK)
WHERE invoice_series.series = :series_1;

SELECT …
FROM provider_line WITH (UPDLOCK, HOLDLOCK)
WHERE provider_line.id = :id;

