-- support
SET QUOTED_IDENTIFIER ON; SET ANSI_NULLS ON; SET XACT_ABORT ON;

BEGIN TRANSACTION;

CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

GO

-- Running upgrade  -> 0001

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

CREATE TABLE case_ (
    id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    number NVARCHAR(20) NOT NULL,
    subject NVARCHAR(200) NOT NULL,
    description NVARCHAR(max) NOT NULL,
    impact NVARCHAR(10) NOT NULL,
    status NVARCHAR(20) NOT NULL,
    account_id BINARY(16) NULL,
    opened_by NVARCHAR(200) NOT NULL,
    opened_by_id NVARCHAR(64) NOT NULL,
    created_at DATETIMEOFFSET NOT NULL,
    updated_at DATETIMEOFFSET NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_case_ PRIMARY KEY (id),
    CONSTRAINT uq_case__number UNIQUE (number)
);

GO

CREATE INDEX ix_case_customer_id_id ON case_ (customer_id, id);

GO

CREATE INDEX ix_case_reseller_id_id ON case_ (reseller_id, id);

GO

CREATE INDEX ix_case_status_id ON case_ (status, id);

GO

CREATE TABLE consumed (
    event_id BINARY(16) NOT NULL,
    at DATETIMEOFFSET NOT NULL,
    CONSTRAINT pk_consumed PRIMARY KEY (event_id)
);

GO

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

CREATE TABLE inbox (
    cmd_id BINARY(16) NOT NULL,
    run_id BINARY(16) NOT NULL,
    seq INTEGER NOT NULL,
    phase NVARCHAR(1) NOT NULL,
    gen INTEGER NOT NULL,
    outcome NVARCHAR(12) NOT NULL,
    fence INTEGER NOT NULL,
    reply NVARCHAR(max) NULL,
    at DATETIMEOFFSET NOT NULL,
    CONSTRAINT pk_inbox PRIMARY KEY (cmd_id),
    CONSTRAINT uq_inbox_run_id_seq_phase_gen UNIQUE (run_id, seq, phase, gen)
);

GO

CREATE TABLE link (
    case_id BINARY(16) NOT NULL,
    kind NVARCHAR(20) NOT NULL,
    target_id BINARY(16) NOT NULL,
    label NVARCHAR(300) NOT NULL,
    CONSTRAINT pk_link PRIMARY KEY (case_id, kind, target_id)
);

GO

CREATE TABLE number_series (
    series NVARCHAR(40) NOT NULL,
    last INTEGER NOT NULL,
    CONSTRAINT pk_number_series PRIMARY KEY (series)
);

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

CREATE TABLE reference (
    id BINARY(16) NOT NULL,
    kind NVARCHAR(20) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    label NVARCHAR(300) NOT NULL,
    state NVARCHAR(20) NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_reference PRIMARY KEY (id)
);

GO

CREATE INDEX ix_reference_customer_id ON reference (customer_id);

GO

CREATE TABLE reply (
    id BINARY(16) NOT NULL,
    case_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    author NVARCHAR(200) NOT NULL,
    author_kind NVARCHAR(10) NOT NULL,
    body NVARCHAR(max) NOT NULL,
    internal BIT NOT NULL,
    at DATETIMEOFFSET NOT NULL,
    CONSTRAINT pk_reply PRIMARY KEY (id)
);

GO

CREATE INDEX ix_reply_case_id_id ON reply (case_id, id);

GO

INSERT INTO alembic_version (version_num) OUTPUT inserted.version_num VALUES ('0001');

GO

-- Running upgrade 0001 -> 0002

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

UPDATE alembic_version SET version_num='0002' WHERE alembic_version.version_num = '0001';

GO

-- Running upgrade 0002 -> 0003

CREATE TABLE attachment (
    id BINARY(16) NOT NULL,
    case_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    name NVARCHAR(120) NOT NULL,
    media_type NVARCHAR(100) NOT NULL,
    size INTEGER NOT NULL,
    sha256 NVARCHAR(64) NOT NULL,
    state NVARCHAR(12) NOT NULL,
    finding NVARCHAR(200) NULL,
    author NVARCHAR(200) NOT NULL,
    at DATETIMEOFFSET NOT NULL,
    content VARBINARY(max) NULL,
    search_at DATETIMEOFFSET NULL,
    searches INTEGER NOT NULL,
    CONSTRAINT pk_attachment PRIMARY KEY (id)
);

GO

CREATE INDEX ix_attachment_case_id_id ON attachment (case_id, id);

GO

CREATE INDEX ix_attachment_search_at ON attachment (search_at);

GO

UPDATE alembic_version SET version_num='0003' WHERE alembic_version.version_num = '0002';

GO

-- Running upgrade 0003 -> 0004

ALTER TABLE attachment ADD author_id NVARCHAR(64) NULL;

GO

CREATE INDEX ix_attachment_author_id ON attachment (author_id);

GO

UPDATE alembic_version SET version_num='0004' WHERE alembic_version.version_num = '0003';

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
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.attachment,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.attachment AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.attachment AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_entry,
ADD BLOCK PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_entry AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_head,
ADD BLOCK PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_head AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_head AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_seal,
ADD BLOCK PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_seal AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_seal AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.case_,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.case_ AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.case_ AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(NULL, NULL) ON dbo.inbox,
ADD FILTER PREDICATE tenancy.covered(NULL, NULL) ON dbo.outbox,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.reference,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.reference AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.reference AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.reply,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.reply AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.reply AFTER UPDATE
WITH (STATE = ON, SCHEMABINDING = ON);
GO

