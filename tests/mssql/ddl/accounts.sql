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
	commitment_minor BIGINT NULL,
	beyond NVARCHAR(10) NULL,
	alerts NVARCHAR(max) NULL,
	stands NVARCHAR(max) NULL,
	ccp_customer NVARCHAR(max) NULL,
	ccp_user NVARCHAR(max) NULL,
	ccp_seen_at DATETIMEOFFSET NULL,
	tags NVARCHAR(max) NULL,
	opened_at DATETIMEOFFSET NULL,
	closed_at DATETIMEOFFSET NULL,
	created_at DATETIMEOFFSET NOT NULL,
	version INTEGER NOT NULL,
	CONSTRAINT pk_account PRIMARY KEY (id),
	CONSTRAINT uq_account_customer_id_name_key UNIQUE (customer_id, name_key)
);

CREATE INDEX ix_account_customer_id ON account (customer_id);

CREATE INDEX ix_account_reseller_id_id ON account (reseller_id, id);

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

CREATE INDEX ix_commitment_account_id ON commitment (account_id);

CREATE INDEX ix_commitment_customer_id ON commitment (customer_id);

CREATE TABLE consumed (
	event_id BINARY(16) NOT NULL,
	at DATETIMEOFFSET NOT NULL,
	CONSTRAINT pk_consumed PRIMARY KEY (event_id)
);

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

CREATE INDEX ix_customer_ref_reseller_id ON customer_ref (reseller_id);

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

CREATE TABLE reservation (
	id BINARY(16) NOT NULL,
	account_id BINARY(16) NOT NULL,
	customer_id BINARY(16) NOT NULL,
	reseller_id BINARY(16) NULL,
	amount_minor BIGINT NOT NULL,
	currency NVARCHAR(3) NOT NULL,
	state NVARCHAR(10) NOT NULL,
	held_at DATETIMEOFFSET NOT NULL,
	run_id BINARY(16) NULL,
	counted BIT NULL,
	CONSTRAINT pk_reservation PRIMARY KEY (id)
);

CREATE INDEX ix_reservation_account_id ON reservation (account_id);

CREATE INDEX ix_reservation_customer_id_state ON reservation (customer_id, state);

CREATE INDEX ix_reservation_run_id ON reservation (run_id);

