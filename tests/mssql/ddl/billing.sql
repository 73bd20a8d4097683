CREATE TABLE audit_entry (
	id BINARY(16) NOT NULL,
	customer_id BINARY(16) NOT NULL,
	at DATETIMEOFFSET NOT NULL,
	actor_kind NVARCHAR(10) NOT NULL,
	actor_id NVARCHAR(64) NOT NULL,
	actor_name NVARCHAR(200) NULL,
	action NVARCHAR(80) NOT NULL,
	subject_kind NVARCHAR(40) NOT NULL,
	subject_id BINARY(16) NOT NULL,
	request_id NVARCHAR(64) NULL,
	run_id BINARY(16) NULL,
	digest NVARCHAR(64) NOT NULL,
	form INTEGER NOT NULL DEFAULT '1',
	home_id BINARY(16) NULL,
	on_behalf_id BINARY(16) NULL,
	grant_id BINARY(16) NULL,
	origin_digest NVARCHAR(64) NULL,
	CONSTRAINT pk_audit_entry PRIMARY KEY (id)
);

CREATE INDEX ix_audit_entry_actor_id ON audit_entry (actor_id);

CREATE INDEX ix_audit_entry_customer_id ON audit_entry (customer_id, id);

CREATE TABLE audit_head (
	customer_id BINARY(16) NOT NULL,
	seq INTEGER NOT NULL,
	hash NVARCHAR(64) NOT NULL,
	CONSTRAINT pk_audit_head PRIMARY KEY (customer_id)
);

CREATE TABLE audit_origin (
	entry_id BINARY(16) NOT NULL,
	salt NVARCHAR(64) NOT NULL,
	actor_name NVARCHAR(200) NOT NULL,
	place NVARCHAR(64) NOT NULL,
	program NVARCHAR(120) NOT NULL,
	CONSTRAINT pk_audit_origin PRIMARY KEY (entry_id)
);

CREATE TABLE audit_seal (
	entry_id BINARY(16) NOT NULL,
	customer_id BINARY(16) NOT NULL,
	seq INTEGER NOT NULL,
	previous NVARCHAR(64) NOT NULL,
	hash NVARCHAR(64) NOT NULL,
	CONSTRAINT pk_audit_seal PRIMARY KEY (entry_id),
	CONSTRAINT uq_audit_seal_customer_id_seq UNIQUE (customer_id, seq)
);

CREATE TABLE audit_value (
	entry_id BINARY(16) NOT NULL,
	salt NVARCHAR(64) NOT NULL,
	before NVARCHAR(max) NULL,
	after NVARCHAR(max) NULL,
	CONSTRAINT pk_audit_value PRIMARY KEY (entry_id)
);

CREATE TABLE audit_waiting (
	entry_id BINARY(16) NOT NULL,
	CONSTRAINT pk_audit_waiting PRIMARY KEY (entry_id)
);

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
	resale_price NUMERIC(19, 6) NULL,
	resale_minor BIGINT NULL,
	effective_on DATE NOT NULL,
	until DATE NULL,
	created_at DATETIMEOFFSET NOT NULL,
	invoice_id BINARY(16) NULL,
	CONSTRAINT pk_charge PRIMARY KEY (id)
);

CREATE INDEX ix_charge_account_id ON charge (account_id);

CREATE INDEX ix_charge_customer_id_effective_on ON charge (customer_id, effective_on);

CREATE INDEX ix_charge_reseller_id_effective_on ON charge (reseller_id, effective_on);

CREATE INDEX ix_charge_subscription_id ON charge (subscription_id);

CREATE TABLE consumed (
	event_id BINARY(16) NOT NULL,
	at DATETIMEOFFSET NOT NULL,
	CONSTRAINT pk_consumed PRIMARY KEY (event_id)
);

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
	street NVARCHAR(200) NULL,
	postcode NVARCHAR(20) NULL,
	city NVARCHAR(120) NULL,
	province NVARCHAR(60) NULL,
	version INTEGER NOT NULL,
	sandbox_of BINARY(16) NULL,
	CONSTRAINT pk_customer_ref PRIMARY KEY (customer_id)
);

CREATE INDEX ix_customer_ref_reseller_id ON customer_ref (reseller_id);

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

CREATE INDEX ix_document_customer_id ON document (customer_id);

CREATE TABLE idempotency (
	[key] NVARCHAR(64) NOT NULL,
	request_digest NVARCHAR(64) NOT NULL,
	status INTEGER NOT NULL,
	body NVARCHAR(max) NULL,
	headers NVARCHAR(max) NULL,
	at DATETIMEOFFSET NOT NULL,
	CONSTRAINT pk_idempotency PRIMARY KEY ([key])
);

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

CREATE INDEX ix_invoice_customer_id_id ON invoice (customer_id, id);

CREATE UNIQUE INDEX uq_invoice_number ON invoice (number) WHERE number IS NOT NULL;

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

CREATE INDEX ix_invoice_line_customer_id ON invoice_line (customer_id);

CREATE INDEX ix_invoice_line_invoice_id ON invoice_line (invoice_id);

CREATE TABLE invoice_series (
	series NVARCHAR(12) NOT NULL,
	legal_entity NVARCHAR(20) NOT NULL,
	last INTEGER NOT NULL,
	CONSTRAINT pk_invoice_series PRIMARY KEY (series)
);

CREATE TABLE number_series (
	series NVARCHAR(40) NOT NULL,
	last INTEGER NOT NULL,
	CONSTRAINT pk_number_series PRIMARY KEY (series)
);

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

CREATE INDEX ix_outbox_waiting ON outbox (position) WHERE published_at IS NULL;

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
	reason NVARCHAR(20) NULL,
	reference NVARCHAR(80) NULL,
	CONSTRAINT pk_provider_line PRIMARY KEY (id)
);

CREATE INDEX ix_provider_line_charge_id ON provider_line (charge_id);

CREATE INDEX ix_provider_line_customer_id ON provider_line (customer_id);

CREATE INDEX ix_provider_line_subscription_id ON provider_line (subscription_id);

