SELECT TOP __[POSTCOMPILE_param_1] …
FROM delivery WITH (UPDLOCK, READPAST, ROWLOCK, READCOMMITTEDLOCK)
WHERE delivery.next_at <= :next_at_1 ORDER BY delivery.next_at;

SELECT …
FROM delivery WITH (UPDLOCK, HOLDLOCK)
WHERE delivery.id = :id;

SELECT …
FROM delivery WITH (UPDLOCK, ROWLOCK)
WHERE delivery.id = :id_1;

SELECT …
FROM inbox WITH (UPDLOCK, HOLDLOCK)
WHERE inbox.cmd_id = :cmd_id;

