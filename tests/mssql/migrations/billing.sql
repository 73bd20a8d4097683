-- billing
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

CREATE TABLE charge (
    id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    account_id BINARY(16) NOT NULL,
    account_name NVARCHAR(120) NOT NULL,
    subscription_id BINARY(16) NOT NULL,
    source_id BINARY(16) NOT NULL,
    kind NVARCHAR(20) NOT NULL,
    name NVARCHAR(200) NOT NULL,
    quantity INTEGER NOT NULL,
    unit_price NUMERIC(19, 6) NOT NULL,
    currency NVARCHAR(3) NOT NULL,
    amount_minor BIGINT NOT NULL,
    effective_on DATE NOT NULL,
    until DATE NULL,
    created_at DATETIMEOFFSET NOT NULL,
    CONSTRAINT pk_charge PRIMARY KEY (id)
);

GO

CREATE INDEX ix_charge_account_id ON charge (account_id);

GO

CREATE INDEX ix_charge_customer_id_effective_on ON charge (customer_id, effective_on);

GO

CREATE INDEX ix_charge_reseller_id_effective_on ON charge (reseller_id, effective_on);

GO

CREATE INDEX ix_charge_subscription_id ON charge (subscription_id);

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
    name NVARCHAR(120) NOT NULL,
    legal_name NVARCHAR(200) NOT NULL,
    country NVARCHAR(2) NOT NULL,
    region NVARCHAR(8) NOT NULL,
    currency NVARCHAR(3) NOT NULL,
    tax_id NVARCHAR(40) NULL,
    payment_terms_days INTEGER NOT NULL,
    time_zone NVARCHAR(60) NOT NULL,
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

INSERT INTO alembic_version (version_num) OUTPUT inserted.version_num VALUES ('0001');

GO

-- Running upgrade 0001 -> 0002

CREATE TABLE document (
    id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    media_type NVARCHAR(80) NOT NULL,
    size INTEGER NOT NULL,
    sha256 NVARCHAR(64) NOT NULL,
    created_at DATETIMEOFFSET NOT NULL,
    CONSTRAINT pk_document PRIMARY KEY (id)
);

GO

CREATE INDEX ix_document_customer_id ON document (customer_id);

GO

CREATE TABLE invoice (
    id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    number NVARCHAR(16) NULL,
    state NVARCHAR(20) NOT NULL,
    month DATE NOT NULL,
    currency NVARCHAR(3) NOT NULL,
    legal_entity NVARCHAR(20) NOT NULL,
    seller NVARCHAR(max) NOT NULL,
    buyer NVARCHAR(max) NOT NULL,
    taxes NVARCHAR(max) NOT NULL,
    net_minor BIGINT NOT NULL,
    tax_minor BIGINT NOT NULL,
    total_minor BIGINT NOT NULL,
    issued_on DATE NULL,
    due_on DATE NULL,
    created_at DATETIMEOFFSET NOT NULL,
    CONSTRAINT pk_invoice PRIMARY KEY (id),
    CONSTRAINT uq_invoice_customer_id_currency_month UNIQUE (customer_id, currency, month)
);

GO

CREATE INDEX ix_invoice_customer_id_id ON invoice (customer_id, id);

GO

CREATE UNIQUE INDEX uq_invoice_number ON invoice (number) WHERE number IS NOT NULL;

GO

CREATE TABLE invoice_line (
    id BINARY(16) NOT NULL,
    invoice_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    position INTEGER NOT NULL,
    customer_name NVARCHAR(120) NOT NULL,
    account_name NVARCHAR(120) NOT NULL,
    subscription_id BINARY(16) NOT NULL,
    kind NVARCHAR(20) NOT NULL,
    name NVARCHAR(200) NOT NULL,
    quantity INTEGER NOT NULL,
    unit_price NUMERIC(19, 6) NOT NULL,
    first DATE NOT NULL,
    last DATE NULL,
    tax_category NVARCHAR(4) NOT NULL,
    tax_rate NUMERIC(19, 6) NOT NULL,
    currency NVARCHAR(3) NOT NULL,
    net_minor BIGINT NOT NULL,
    CONSTRAINT pk_invoice_line PRIMARY KEY (id)
);

GO

CREATE INDEX ix_invoice_line_customer_id ON invoice_line (customer_id);

GO

CREATE INDEX ix_invoice_line_invoice_id ON invoice_line (invoice_id);

GO

CREATE TABLE invoice_series (
    series NVARCHAR(12) NOT NULL,
    legal_entity NVARCHAR(20) NOT NULL,
    last INTEGER NOT NULL,
    CONSTRAINT pk_invoice_series PRIMARY KEY (series)
);

GO

CREATE TABLE provider_line (
    id BINARY(16) NOT NULL,
    line_id NVARCHAR(80) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    subscription_id BINARY(16) NOT NULL,
    month DATE NOT NULL,
    kind NVARCHAR(20) NOT NULL,
    quantity INTEGER NOT NULL,
    first DATE NOT NULL,
    after DATE NOT NULL,
    currency NVARCHAR(3) NOT NULL,
    cost_minor BIGINT NOT NULL,
    state NVARCHAR(10) NOT NULL,
    charge_id BINARY(16) NULL,
    CONSTRAINT pk_provider_line PRIMARY KEY (id)
);

GO

CREATE INDEX ix_provider_line_charge_id ON provider_line (charge_id);

GO

CREATE INDEX ix_provider_line_customer_id ON provider_line (customer_id);

GO

CREATE INDEX ix_provider_line_subscription_id ON provider_line (subscription_id);

GO

ALTER TABLE charge ADD invoice_id BINARY(16) NULL;

GO

UPDATE alembic_version SET version_num='0002' WHERE alembic_version.version_num = '0001';

GO

-- Running upgrade 0002 -> 0003

ALTER TABLE provider_line ADD reason NVARCHAR(20) NULL;

GO

ALTER TABLE provider_line ADD reference NVARCHAR(80) NULL;

GO

UPDATE alembic_version SET version_num='0003' WHERE alembic_version.version_num = '0002';

GO

-- Running upgrade 0003 -> 0004

ALTER TABLE customer_ref ADD street NVARCHAR(200) NULL;

GO

ALTER TABLE customer_ref ADD postcode NVARCHAR(20) NULL;

GO

ALTER TABLE customer_ref ADD city NVARCHAR(120) NULL;

GO

ALTER TABLE customer_ref ADD province NVARCHAR(60) NULL;

GO

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

UPDATE alembic_version SET version_num='0005' WHERE alembic_version.version_num = '0004';

GO

-- Running upgrade 0005 -> 0006

ALTER TABLE customer_ref ADD sandbox_of BINARY(16) NULL;

GO

UPDATE alembic_version SET version_num='0006' WHERE alembic_version.version_num = '0005';

GO

-- Running upgrade 0006 -> 0007

ALTER TABLE charge ADD resale_price NUMERIC(19, 6) NULL;

GO

ALTER TABLE charge ADD resale_minor BIGINT NULL;

GO

UPDATE alembic_version SET version_num='0007' WHERE alembic_version.version_num = '0006';

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
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.charge,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.charge AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.charge AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.customer_ref,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.customer_ref AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.customer_ref AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.document,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.document AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.document AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(NULL, NULL) ON dbo.inbox,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.invoice,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.invoice AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.invoice AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.invoice_line,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.invoice_line AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.invoice_line AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(NULL, NULL) ON dbo.outbox,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.provider_line,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.provider_line AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.provider_line AFTER UPDATE
WITH (STATE = ON, SCHEMABINDING = ON);
GO

