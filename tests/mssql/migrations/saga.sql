-- saga
SET QUOTED_IDENTIFIER ON; SET ANSI_NULLS ON; SET XACT_ABORT ON;

BEGIN TRANSACTION;

CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

GO

-- Running upgrade  -> 0001

CREATE TABLE run (
    id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    definition NVARCHAR(60) NOT NULL,
    definition_version INTEGER NOT NULL,
    business_key NVARCHAR(100) NOT NULL,
    request_digest NVARCHAR(64) NOT NULL,
    status NVARCHAR(20) NOT NULL,
    phase NVARCHAR(1) NOT NULL,
    seq INTEGER NOT NULL,
    pivoted BIT NOT NULL,
    paused INTEGER NOT NULL,
    rev INTEGER NOT NULL,
    payload NVARCHAR(max) NOT NULL,
    outputs NVARCHAR(max) NOT NULL,
    label NVARCHAR(300) NOT NULL,
    resource_kind NVARCHAR(40) NOT NULL,
    resource_id BINARY(16) NOT NULL,
    waiting_for NVARCHAR(40) NULL,
    attention NVARCHAR(40) NULL,
    error NVARCHAR(max) NULL,
    actor NVARCHAR(max) NOT NULL,
    request_id NVARCHAR(64) NOT NULL,
    traceparent NVARCHAR(55) NOT NULL,
    next_at DATETIMEOFFSET NULL,
    created_at DATETIMEOFFSET NOT NULL,
    updated_at DATETIMEOFFSET NOT NULL,
    ended_at DATETIMEOFFSET NULL,
    CONSTRAINT pk_run PRIMARY KEY (id),
    CONSTRAINT ck_run_never_stuck CHECK (status IN ('completed', 'compensated', 'resolved') OR paused = 1 OR next_at IS NOT NULL),
    CONSTRAINT uq_run_business_key UNIQUE (business_key)
);

GO

CREATE INDEX ix_run_customer_id ON run (customer_id, id);

GO

CREATE INDEX ix_run_due ON run (next_at) WHERE next_at IS NOT NULL;

GO

CREATE INDEX ix_run_reseller_id ON run (reseller_id, id);

GO

CREATE INDEX ix_run_resource_id ON run (resource_id);

GO

CREATE TABLE run_event (
    id BIGINT NOT NULL IDENTITY,
    run_id BINARY(16) NOT NULL,
    rev INTEGER NOT NULL,
    at DATETIMEOFFSET NOT NULL,
    kind NVARCHAR(20) NOT NULL,
    seq INTEGER NULL,
    actor NVARCHAR(200) NOT NULL,
    data NVARCHAR(max) NOT NULL,
    CONSTRAINT pk_run_event PRIMARY KEY (id)
);

GO

CREATE INDEX ix_run_event_run_id ON run_event (run_id);

GO

CREATE TABLE run_step (
    run_id BINARY(16) NOT NULL,
    seq INTEGER NOT NULL,
    phase NVARCHAR(1) NOT NULL,
    gen INTEGER NOT NULL,
    cmd_id BINARY(16) NOT NULL,
    name NVARCHAR(80) NOT NULL,
    kind NVARCHAR(16) NOT NULL,
    queue NVARCHAR(40) NOT NULL,
    status NVARCHAR(12) NOT NULL,
    attempt INTEGER NOT NULL,
    send_no INTEGER NOT NULL,
    body NVARCHAR(max) NOT NULL,
    reply NVARCHAR(max) NULL,
    error NVARCHAR(max) NULL,
    sent_at DATETIMEOFFSET NOT NULL,
    due_at DATETIMEOFFSET NULL,
    done_at DATETIMEOFFSET NULL,
    CONSTRAINT pk_run_step PRIMARY KEY (run_id, seq, phase, gen),
    CONSTRAINT uq_run_step_cmd_id UNIQUE (cmd_id)
);

GO

INSERT INTO alembic_version (version_num) OUTPUT inserted.version_num VALUES ('0001');

GO

-- Running upgrade 0001 -> 0002

ALTER TABLE run_step ADD asked_at DATETIMEOFFSET NULL;

GO

UPDATE alembic_version SET version_num='0002' WHERE alembic_version.version_num = '0001';

GO

-- Running upgrade 0002 -> 0003

CREATE TABLE audit_entry (
    id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    at DATETIMEOFFSET NOT NULL,
    actor_kind NVARCHAR(10) NOT NULL,
    actor_id NVARCHAR(64) NOT NULL,
    actor_name NVARCHAR(200) NOT NULL,
    action NVARCHAR(80) NOT NULL,
    subject_kind NVARCHAR(40) NOT NULL,
    subject_id BINARY(16) NOT NULL,
    request_id NVARCHAR(64) NULL,
    run_id BINARY(16) NULL,
    digest NVARCHAR(64) NOT NULL,
    seq INTEGER NULL,
    previous NVARCHAR(64) NULL,
    hash NVARCHAR(64) NULL,
    CONSTRAINT pk_audit_entry PRIMARY KEY (id)
);

GO

CREATE INDEX ix_audit_entry_unsealed ON audit_entry (customer_id, id) WHERE seq IS NULL;

GO

CREATE UNIQUE INDEX uq_audit_entry_customer_id_seq ON audit_entry (customer_id, seq) WHERE seq IS NOT NULL;

GO

CREATE TABLE audit_head (
    customer_id BINARY(16) NOT NULL,
    seq INTEGER NOT NULL,
    hash NVARCHAR(64) NOT NULL,
    CONSTRAINT pk_audit_head PRIMARY KEY (customer_id)
);

GO

CREATE TABLE audit_value (
    entry_id BINARY(16) NOT NULL,
    salt NVARCHAR(64) NOT NULL,
    before NVARCHAR(max) NULL,
    after NVARCHAR(max) NULL,
    CONSTRAINT pk_audit_value PRIMARY KEY (entry_id)
);

GO

CREATE TABLE definition (
    [key] NVARCHAR(80) NOT NULL,
    shape NVARCHAR(max) NOT NULL,
    at DATETIMEOFFSET NOT NULL,
    CONSTRAINT pk_definition PRIMARY KEY ([key])
);

GO

CREATE TABLE intervention (
    id BINARY(16) NOT NULL,
    run_id BINARY(16) NOT NULL,
    rev INTEGER NOT NULL,
    op NVARCHAR(20) NOT NULL,
    actor NVARCHAR(max) NOT NULL,
    reason NVARCHAR(500) NOT NULL,
    outputs NVARCHAR(max) NULL,
    at DATETIMEOFFSET NOT NULL,
    CONSTRAINT pk_intervention PRIMARY KEY (id)
);

GO

CREATE INDEX ix_intervention_run_id ON intervention (run_id);

GO

ALTER TABLE run ADD tracestate NVARCHAR(512) NULL;

GO

ALTER TABLE run ADD deadline_at DATETIMEOFFSET NULL;

GO

ALTER TABLE run ADD proposed NVARCHAR(max) NULL;

GO

UPDATE alembic_version SET version_num='0003' WHERE alembic_version.version_num = '0002';

GO

-- Running upgrade 0003 -> 0004

CREATE TABLE idempotency (
    [key] NVARCHAR(64) NOT NULL,
    request_digest NVARCHAR(64) NOT NULL,
    status INTEGER NOT NULL,
    body NVARCHAR(max) NULL,
    headers NVARCHAR(max) NULL,
    at DATETIMEOFFSET NOT NULL,
    CONSTRAINT pk_idempotency PRIMARY KEY ([key])
);

GO

COMMIT;

GO

CREATE INDEX ix_run_open ON run (status, id) WHERE ended_at IS NULL;

GO

CREATE INDEX ix_run_ended ON run (ended_at, status) WHERE ended_at IS NOT NULL;

GO

CREATE INDEX ix_run_definition_id ON run (definition, id);

GO

BEGIN TRANSACTION;

UPDATE alembic_version SET version_num='0004' WHERE alembic_version.version_num = '0003';

GO

-- Running upgrade 0004 -> 0005

CREATE TABLE audit_origin (
    entry_id BINARY(16) NOT NULL,
    salt NVARCHAR(64) NOT NULL,
    actor_name NVARCHAR(200) NOT NULL,
    place NVARCHAR(64) NOT NULL,
    program NVARCHAR(120) NOT NULL,
    CONSTRAINT pk_audit_origin PRIMARY KEY (entry_id)
);

GO

CREATE TABLE audit_waiting (
    entry_id BINARY(16) NOT NULL,
    CONSTRAINT pk_audit_waiting PRIMARY KEY (entry_id)
);

GO

CREATE TABLE audit_seal (
    entry_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    seq INTEGER NOT NULL,
    previous NVARCHAR(64) NOT NULL,
    hash NVARCHAR(64) NOT NULL,
    CONSTRAINT pk_audit_seal PRIMARY KEY (entry_id),
    CONSTRAINT uq_audit_seal_customer_id_seq UNIQUE (customer_id, seq)
);

GO

INSERT INTO audit_seal (entry_id, customer_id, seq, previous, hash) SELECT id, customer_id, seq, previous, hash FROM audit_entry WHERE seq IS NOT NULL;

GO

INSERT INTO audit_waiting (entry_id) SELECT id FROM audit_entry WHERE seq IS NULL;

GO

DROP INDEX uq_audit_entry_customer_id_seq ON audit_entry;

GO

DROP INDEX ix_audit_entry_unsealed ON audit_entry;

GO

ALTER TABLE audit_entry DROP COLUMN seq;

GO

ALTER TABLE audit_entry DROP COLUMN previous;

GO

ALTER TABLE audit_entry DROP COLUMN hash;

GO

ALTER TABLE audit_entry ALTER COLUMN actor_name NVARCHAR(200) NULL;

GO

ALTER TABLE audit_entry ADD form INTEGER NOT NULL DEFAULT '1';

GO

ALTER TABLE audit_entry ADD home_id BINARY(16) NULL;

GO

ALTER TABLE audit_entry ADD on_behalf_id BINARY(16) NULL;

GO

ALTER TABLE audit_entry ADD grant_id BINARY(16) NULL;

GO

ALTER TABLE audit_entry ADD origin_digest NVARCHAR(64) NULL;

GO

CREATE INDEX ix_audit_entry_customer_id ON audit_entry (customer_id, id);

GO

CREATE INDEX ix_audit_entry_actor_id ON audit_entry (actor_id);

GO

ALTER TABLE run ADD origin NVARCHAR(max) NULL;

GO

CREATE TABLE outbox (
    position BIGINT NOT NULL IDENTITY,
    event_id BINARY(16) NOT NULL,
    type NVARCHAR(80) NOT NULL,
    aggregate_id BINARY(16) NOT NULL,
    version INTEGER NOT NULL,
    body NVARCHAR(max) NOT NULL,
    traceparent NVARCHAR(55) NULL,
    at DATETIMEOFFSET NOT NULL,
    published_at DATETIMEOFFSET NULL,
    CONSTRAINT pk_outbox PRIMARY KEY (position),
    CONSTRAINT uq_outbox_event_id UNIQUE (event_id)
);

GO

CREATE INDEX ix_outbox_waiting ON outbox (position) WHERE published_at IS NULL;

GO

UPDATE alembic_version SET version_num='0005' WHERE alembic_version.version_num = '0004';

GO

COMMIT;

GO

DROP SECURITY POLICY IF EXISTS tenancy.tenants;
GO

IF SCHEMA_ID(N'tenancy') IS NULL EXEC (N'CREATE SCHEMA tenancy');
GO

CREATE OR ALTER FUNCTION tenancy.covered(@customer_id BINARY(16), @reseller_id BINARY(16))
RETURNS TABLE WITH SCHEMABINDING AS RETURN SELECT 1 AS covered
WHERE CAST(SESSION_CONTEXT(N'cloudsales.scope') AS NVARCHAR(10)) IN (N'operator', N'system') OR @customer_id = CAST(SESSION_CONTEXT(N'cloudsales.customer') AS BINARY(16))
OR (CAST(SESSION_CONTEXT(N'cloudsales.scope') AS NVARCHAR(10)) = N'reseller' AND @reseller_id = CAST(SESSION_CONTEXT(N'cloudsales.customer') AS BINARY(16)));
GO

CREATE SECURITY POLICY tenancy.tenants
ADD FILTER PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_entry,
ADD BLOCK PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_entry AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_head,
ADD BLOCK PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_head AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_head AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_seal,
ADD BLOCK PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_seal AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_seal AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(NULL, NULL) ON dbo.outbox,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.run,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.run AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.run AFTER UPDATE
WITH (STATE = ON, SCHEMABINDING = ON);
GO

