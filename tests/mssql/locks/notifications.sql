SELECT TOP __[POSTCOMPILE_param_1] …
FROM delivery WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)
WHERE delivery.next_at <= :next_at_1 ORDER BY delivery.next_at;

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
FROM delivery WITH (UPDLOCK, HOLDLOCK)
WHERE delivery.id = :id;

SELECT …
FROM delivery WITH (UPDLOCK, ROWLOCK)
WHERE delivery.id = :id_1;

SELECT …
FROM erased_person WITH (UPDLOCK, HOLDLOCK)
WHERE erased_person.person_id = :person_id;

SELECT …
FROM idempotency WITH (UPDLOCK, HOLDLOCK)
WHERE idempotency.[key] = :key;

SELECT …
FROM inbox WITH (UPDLOCK, HOLDLOCK)
WHERE inbox.cmd_id = :cmd_id;

SELECT …
FROM organisation_ref WITH (UPDLOCK, HOLDLOCK)
WHERE organisation_ref.customer_id = :customer_id;

SELECT …
FROM personal_export WITH (UPDLOCK, HOLDLOCK)
WHERE personal_export.id = :id;

SELECT …
FROM trail_entry WITH (UPDLOCK, HOLDLOCK)
WHERE trail_entry.id = :id;

