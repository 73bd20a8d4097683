-- accounts
SET QUOTED_IDENTIFIER ON; SET ANSI_NULLS ON; SET XACT_ABORT ON;

BEGIN TRANSACTION;

CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

GO

-- Running upgrade  -> 0001

CREATE TABLE account (
    id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    name NVARCHAR(120) NOT NULL,
    name_key NVARCHAR(160) NOT NULL,
    status NVARCHAR(16) NOT NULL,
    currency NVARCHAR(3) NOT NULL,
    cost_centre NVARCHAR(60) NULL,
    po_reference NVARCHAR(60) NULL,
    budget_minor BIGINT NULL,
    ccp_customer NVARCHAR(max) NULL,
    ccp_user NVARCHAR(max) NULL,
    ccp_seen_at DATETIMEOFFSET NULL,
    opened_at DATETIMEOFFSET NULL,
    created_at DATETIMEOFFSET NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_account PRIMARY KEY (id),
    CONSTRAINT uq_account_customer_id_name_key UNIQUE (customer_id, name_key)
);

GO

CREATE INDEX ix_account_customer_id ON account (customer_id);

GO

CREATE INDEX ix_account_reseller_id_id ON account (reseller_id, id);

GO

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

CREATE TABLE consumed (
    event_id BINARY(16) NOT NULL,
    at DATETIMEOFFSET NOT NULL,
    CONSTRAINT pk_consumed PRIMARY KEY (event_id)
);

GO

CREATE TABLE customer_ref (
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    kind NVARCHAR(16) NOT NULL,
    name NVARCHAR(120) NOT NULL,
    status NVARCHAR(16) NOT NULL,
    currency NVARCHAR(3) NOT NULL,
    country NVARCHAR(2) NOT NULL,
    region NVARCHAR(8) NOT NULL,
    time_zone NVARCHAR(60) NOT NULL,
    credit_minor BIGINT NULL,
    price_book NVARCHAR(60) NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_customer_ref PRIMARY KEY (customer_id)
);

GO

CREATE INDEX ix_customer_ref_reseller_id ON customer_ref (reseller_id);

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

CREATE TABLE reservation (
    id BINARY(16) NOT NULL,
    account_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    amount_minor BIGINT NOT NULL,
    currency NVARCHAR(3) NOT NULL,
    state NVARCHAR(10) NOT NULL,
    held_at DATETIMEOFFSET NOT NULL,
    CONSTRAINT pk_reservation PRIMARY KEY (id)
);

GO

CREATE INDEX ix_reservation_account_id ON reservation (account_id);

GO

CREATE INDEX ix_reservation_customer_id_state ON reservation (customer_id, state);

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

ALTER TABLE account ADD tags NVARCHAR(max) NULL;

GO

ALTER TABLE account ADD closed_at DATETIMEOFFSET NULL;

GO

UPDATE alembic_version SET version_num='0003' WHERE alembic_version.version_num = '0002';

GO

-- Running upgrade 0003 -> 0004

ALTER TABLE account ADD commitment_minor BIGINT NULL;

GO

ALTER TABLE account ADD beyond NVARCHAR(10) NULL;

GO

ALTER TABLE account ADD alerts NVARCHAR(max) NULL;

GO

ALTER TABLE reservation ADD run_id BINARY(16) NULL;

GO

ALTER TABLE reservation ADD counted BIT NULL;

GO

CREATE INDEX ix_reservation_run_id ON reservation (run_id);

GO

CREATE TABLE commitment (
    subscription_id BINARY(16) NOT NULL,
    account_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    name NVARCHAR(200) NOT NULL,
    currency NVARCHAR(3) NOT NULL,
    cycle_minor BIGINT NOT NULL,
    billing_cycle NVARCHAR(10) NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE NOT NULL,
    auto_renew BIT NOT NULL,
    state NVARCHAR(24) NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_commitment PRIMARY KEY (subscription_id)
);

GO

CREATE INDEX ix_commitment_account_id ON commitment (account_id);

GO

CREATE INDEX ix_commitment_customer_id ON commitment (customer_id);

GO

CREATE TABLE budget_alert (
    id BINARY(16) NOT NULL,
    account_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    month DATE NOT NULL,
    [percent] INTEGER NOT NULL,
    told_at DATETIMEOFFSET NOT NULL,
    CONSTRAINT pk_budget_alert PRIMARY KEY (id),
    CONSTRAINT uq_budget_alert_account_id_month_percent UNIQUE (account_id, month, [percent])
);

GO

UPDATE alembic_version SET version_num='0004' WHERE alembic_version.version_num = '0003';

GO

-- Running upgrade 0004 -> 0005

ALTER TABLE account ADD stands NVARCHAR(max) NULL;

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
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.account,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.account AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.account AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_entry,
ADD BLOCK PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_entry AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_head,
ADD BLOCK PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_head AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_head AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_seal,
ADD BLOCK PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_seal AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_seal AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.budget_alert,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.budget_alert AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.budget_alert AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.commitment,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.commitment AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.commitment AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.customer_ref,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.customer_ref AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.customer_ref AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(NULL, NULL) ON dbo.inbox,
ADD FILTER PREDICATE tenancy.covered(NULL, NULL) ON dbo.outbox,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.reservation,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.reservation AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.reservation AFTER UPDATE
WITH (STATE = ON, SCHEMABINDING = ON);
GO

