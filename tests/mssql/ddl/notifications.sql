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

CREATE TABLE consumed (
	event_id BINARY(16) NOT NULL,
	at DATETIMEOFFSET NOT NULL,
	CONSTRAINT pk_consumed PRIMARY KEY (event_id)
);

CREATE TABLE delivery (
	id BINARY(16) NOT NULL,
	customer_id BINARY(16) NOT NULL,
	reseller_id BINARY(16) NULL,
	template NVARCHAR(60) NOT NULL,
	recipient NVARCHAR(320) NOT NULL,
	subject NVARCHAR(300) NOT NULL,
	body NVARCHAR(max) NOT NULL,
	state NVARCHAR(10) NOT NULL,
	attempts INTEGER NOT NULL,
	last_error NVARCHAR(500) NULL,
	next_at DATETIMEOFFSET NULL,
	created_at DATETIMEOFFSET NOT NULL,
	sent_at DATETIMEOFFSET NULL,
	CONSTRAINT pk_delivery PRIMARY KEY (id)
);

CREATE INDEX ix_delivery_customer_id ON delivery (customer_id);

CREATE INDEX ix_delivery_due ON delivery (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE erased_person (
	person_id BINARY(16) NOT NULL,
	at DATETIMEOFFSET NOT NULL,
	CONSTRAINT pk_erased_person PRIMARY KEY (person_id)
);

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

CREATE TABLE organisation_ref (
	customer_id BINARY(16) NOT NULL,
	reseller_id BINARY(16) NULL,
	name NVARCHAR(200) NOT NULL,
	version INTEGER NOT NULL,
	CONSTRAINT pk_organisation_ref PRIMARY KEY (customer_id)
);

CREATE INDEX ix_organisation_ref_reseller_id ON organisation_ref (reseller_id);

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

CREATE TABLE personal_export (
	id BINARY(16) NOT NULL,
	person_id BINARY(16) NOT NULL,
	customer_id BINARY(16) NOT NULL,
	reseller_id BINARY(16) NULL,
	to_owner BIT NULL,
	content NVARCHAR(max) NOT NULL,
	created_at DATETIMEOFFSET NOT NULL,
	expires_at DATETIMEOFFSET NOT NULL,
	CONSTRAINT pk_personal_export PRIMARY KEY (id)
);

CREATE INDEX ix_personal_export_expires_at ON personal_export (expires_at);

CREATE INDEX ix_personal_export_person_id ON personal_export (person_id);

CREATE TABLE trail_entry (
	id BINARY(16) NOT NULL,
	domain NVARCHAR(20) NOT NULL,
	customer_id BINARY(16) NOT NULL,
	reseller_id BINARY(16) NULL,
	at DATETIMEOFFSET NOT NULL,
	actor_kind NVARCHAR(10) NOT NULL,
	actor_id NVARCHAR(64) NOT NULL,
	actor_name NVARCHAR(200) NOT NULL,
	place NVARCHAR(64) NOT NULL,
	program NVARCHAR(120) NOT NULL,
	home_id BINARY(16) NULL,
	on_behalf_id BINARY(16) NULL,
	grant_id BINARY(16) NULL,
	action NVARCHAR(80) NOT NULL,
	subject_kind NVARCHAR(40) NOT NULL,
	subject_id BINARY(16) NOT NULL,
	request_id NVARCHAR(64) NULL,
	run_id BINARY(16) NULL,
	seq INTEGER NOT NULL,
	before NVARCHAR(max) NOT NULL,
	after NVARCHAR(max) NOT NULL,
	words NVARCHAR(max) NOT NULL,
	CONSTRAINT pk_trail_entry PRIMARY KEY (id)
);

CREATE INDEX ix_trail_entry_actor_id ON trail_entry (actor_id);

CREATE INDEX ix_trail_entry_customer_id ON trail_entry (customer_id, id);

CREATE INDEX ix_trail_entry_reseller_id ON trail_entry (reseller_id, id);

CREATE INDEX ix_trail_entry_subject_id ON trail_entry (subject_id);

