-- users
SET QUOTED_IDENTIFIER ON; SET ANSI_NULLS ON; SET XACT_ABORT ON;

BEGIN TRANSACTION;

CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

GO

-- Running upgrade  -> 0001

CREATE TABLE api_client (
    id NVARCHAR(64) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    name NVARCHAR(120) NOT NULL,
    scopes NVARCHAR(max) NOT NULL,
    secrets NVARCHAR(max) NOT NULL,
    status NVARCHAR(10) NOT NULL,
    epoch INTEGER NOT NULL,
    created_at DATETIMEOFFSET NOT NULL,
    CONSTRAINT pk_api_client PRIMARY KEY (id)
);

GO

CREATE INDEX ix_api_client_customer_id ON api_client (customer_id);

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

CREATE TABLE login (
    id BINARY(16) NOT NULL,
    token_hash NVARCHAR(64) NOT NULL,
    user_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    acting_for BINARY(16) NULL,
    epoch INTEGER NOT NULL,
    created_at DATETIMEOFFSET NOT NULL,
    last_seen_at DATETIMEOFFSET NOT NULL,
    expires_at DATETIMEOFFSET NOT NULL,
    revoked_at DATETIMEOFFSET NULL,
    ip NVARCHAR(64) NOT NULL,
    user_agent NVARCHAR(300) NOT NULL,
    CONSTRAINT pk_login PRIMARY KEY (id),
    CONSTRAINT uq_login_token_hash UNIQUE (token_hash)
);

GO

CREATE INDEX ix_login_user_id ON login (user_id);

GO

CREATE TABLE membership (
    id BINARY(16) NOT NULL,
    user_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    role NVARCHAR(20) NOT NULL,
    CONSTRAINT pk_membership PRIMARY KEY (id),
    CONSTRAINT uq_membership_user_id_customer_id UNIQUE (user_id, customer_id)
);

GO

CREATE INDEX ix_membership_customer_id ON membership (customer_id);

GO

CREATE INDEX ix_membership_reseller_id ON membership (reseller_id);

GO

CREATE TABLE number_series (
    series NVARCHAR(40) NOT NULL,
    last INTEGER NOT NULL,
    CONSTRAINT pk_number_series PRIMARY KEY (series)
);

GO

CREATE TABLE organisation (
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    kind NVARCHAR(16) NOT NULL,
    name NVARCHAR(120) NOT NULL,
    region NVARCHAR(8) NOT NULL,
    currency NVARCHAR(3) NOT NULL,
    status NVARCHAR(16) NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_organisation PRIMARY KEY (customer_id)
);

GO

CREATE INDEX ix_organisation_reseller_id ON organisation (reseller_id);

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

CREATE TABLE throttle (
    [key] NVARCHAR(64) NOT NULL,
    failures INTEGER NOT NULL,
    blocked_until DATETIMEOFFSET NULL,
    last_at DATETIMEOFFSET NOT NULL,
    CONSTRAINT pk_throttle PRIMARY KEY ([key])
);

GO

CREATE TABLE user_ (
    id BINARY(16) NOT NULL,
    email NVARCHAR(320) NOT NULL,
    email_key NVARCHAR(320) NOT NULL,
    name NVARCHAR(200) NOT NULL,
    password_hash NVARCHAR(200) NULL,
    status NVARCHAR(10) NOT NULL,
    language NVARCHAR(8) NOT NULL,
    formats NVARCHAR(16) NOT NULL,
    time_zone NVARCHAR(60) NOT NULL,
    theme NVARCHAR(8) NOT NULL,
    created_at DATETIMEOFFSET NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_user_ PRIMARY KEY (id),
    CONSTRAINT uq_user__email_key UNIQUE (email_key)
);

GO

INSERT INTO alembic_version (version_num) OUTPUT inserted.version_num VALUES ('0001');

GO

-- Running upgrade 0001 -> 0002

ALTER TABLE membership ADD state NVARCHAR(10) NOT NULL DEFAULT 'active';

GO

ALTER TABLE membership ADD invited_name NVARCHAR(200) NULL;

GO

ALTER TABLE membership ADD invited_email NVARCHAR(320) NULL;

GO

ALTER TABLE membership ADD created_at DATETIMEOFFSET NULL;

GO

UPDATE alembic_version SET version_num='0002' WHERE alembic_version.version_num = '0001';

GO

-- Running upgrade 0002 -> 0003

UPDATE membership SET created_at=(SELECT user_.created_at
FROM user_
WHERE user_.id = membership.user_id), state=N'invited', invited_name=(SELECT user_.name
FROM user_
WHERE user_.id = membership.user_id), invited_email=(SELECT user_.email
FROM user_
WHERE user_.id = membership.user_id) WHERE (SELECT user_.status
FROM user_
WHERE user_.id = membership.user_id) = N'invited';

GO

UPDATE membership SET state=N'disabled' WHERE (SELECT user_.status
FROM user_
WHERE user_.id = membership.user_id) = N'disabled';

GO

UPDATE alembic_version SET version_num='0003' WHERE alembic_version.version_num = '0002';

GO

-- Running upgrade 0003 -> 0004

ALTER TABLE login ADD state NVARCHAR(16) NOT NULL DEFAULT 'active';

GO

ALTER TABLE login ADD proved_at DATETIMEOFFSET NULL;

GO

ALTER TABLE login ADD amr NVARCHAR(max) NULL;

GO

ALTER TABLE login ADD failures INTEGER NOT NULL DEFAULT '0';

GO

ALTER TABLE organisation ADD second_factor NVARCHAR(10) NOT NULL DEFAULT 'optional';

GO

ALTER TABLE membership ADD expires_at DATETIMEOFFSET NULL;

GO

ALTER TABLE membership ADD version INTEGER NOT NULL DEFAULT '1';

GO

CREATE TABLE totp (
    user_id BINARY(16) NOT NULL,
    seed NVARCHAR(500) NOT NULL,
    last_step BIGINT NOT NULL,
    created_at DATETIMEOFFSET NOT NULL,
    confirmed_at DATETIMEOFFSET NULL,
    CONSTRAINT pk_totp PRIMARY KEY (user_id)
);

GO

CREATE TABLE passkey (
    id BINARY(16) NOT NULL,
    user_id BINARY(16) NOT NULL,
    credential_hash NVARCHAR(64) NOT NULL,
    credential_id NVARCHAR(max) NOT NULL,
    public_key NVARCHAR(max) NOT NULL,
    sign_count BIGINT NOT NULL,
    transports NVARCHAR(max) NOT NULL,
    backed_up BIT NOT NULL,
    name NVARCHAR(80) NOT NULL,
    created_at DATETIMEOFFSET NOT NULL,
    last_used_at DATETIMEOFFSET NULL,
    CONSTRAINT pk_passkey PRIMARY KEY (id),
    CONSTRAINT uq_passkey_credential_hash UNIQUE (credential_hash)
);

GO

CREATE INDEX ix_passkey_user_id ON passkey (user_id);

GO

CREATE TABLE recovery_code (
    code_hash NVARCHAR(64) NOT NULL,
    user_id BINARY(16) NOT NULL,
    used_at DATETIMEOFFSET NULL,
    CONSTRAINT pk_recovery_code PRIMARY KEY (code_hash)
);

GO

CREATE TABLE one_time (
    [key] NVARCHAR(64) NOT NULL,
    purpose NVARCHAR(20) NOT NULL,
    user_id BINARY(16) NULL,
    expires_at DATETIMEOFFSET NOT NULL,
    CONSTRAINT pk_one_time PRIMARY KEY ([key])
);

GO

CREATE INDEX ix_recovery_code_user_id ON recovery_code (user_id);

GO

CREATE INDEX ix_one_time_user_id ON one_time (user_id);

GO

UPDATE alembic_version SET version_num='0004' WHERE alembic_version.version_num = '0003';

GO

-- Running upgrade 0004 -> 0005

ALTER TABLE api_client ADD credentials NVARCHAR(max) NULL;

GO

ALTER TABLE api_client ADD version INTEGER NOT NULL DEFAULT '1';

GO

ALTER TABLE login ADD sign_on_id BINARY(16) NULL;

GO

CREATE TABLE sign_on (
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    issuer NVARCHAR(300) NOT NULL,
    client_id NVARCHAR(200) NOT NULL,
    client_secret NVARCHAR(2000) NOT NULL,
    provider NVARCHAR(max) NOT NULL,
    role NVARCHAR(20) NOT NULL,
    joins BIT NOT NULL,
    forced BIT NOT NULL,
    trusted BIT NOT NULL,
    created_at DATETIMEOFFSET NOT NULL,
    checked_at DATETIMEOFFSET NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_sign_on PRIMARY KEY (customer_id)
);

GO

CREATE TABLE sign_on_domain (
    id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    name NVARCHAR(253) NOT NULL,
    challenge NVARCHAR(80) NOT NULL,
    created_at DATETIMEOFFSET NOT NULL,
    verified_at DATETIMEOFFSET NULL,
    CONSTRAINT pk_sign_on_domain PRIMARY KEY (id),
    CONSTRAINT uq_sign_on_domain_customer_id_name UNIQUE (customer_id, name)
);

GO

CREATE UNIQUE INDEX uq_sign_on_domain_verified ON sign_on_domain (name) WHERE verified_at IS NOT NULL;

GO

CREATE TABLE [identity] (
    id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    user_id BINARY(16) NOT NULL,
    [key] NVARCHAR(64) NOT NULL,
    issuer NVARCHAR(300) NOT NULL,
    subject NVARCHAR(255) NOT NULL,
    created_at DATETIMEOFFSET NOT NULL,
    last_used_at DATETIMEOFFSET NULL,
    CONSTRAINT pk_identity PRIMARY KEY (id),
    CONSTRAINT uq_identity_customer_id_key UNIQUE (customer_id, [key])
);

GO

CREATE INDEX ix_identity_user_id ON [identity] (user_id);

GO

UPDATE alembic_version SET version_num='0005' WHERE alembic_version.version_num = '0004';

GO

-- Running upgrade 0005 -> 0006

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

UPDATE alembic_version SET version_num='0006' WHERE alembic_version.version_num = '0005';

GO

-- Running upgrade 0006 -> 0007

CREATE TABLE support_grant (
    id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    state NVARCHAR(10) NOT NULL,
    asked_by BINARY(16) NULL,
    asked_name NVARCHAR(200) NOT NULL,
    case_id BINARY(16) NULL,
    reason NVARCHAR(500) NOT NULL,
    hours INTEGER NOT NULL,
    areas NVARCHAR(max) NOT NULL,
    emergency BIT NOT NULL,
    granted_name NVARCHAR(200) NOT NULL,
    created_at DATETIMEOFFSET NOT NULL,
    expires_at DATETIMEOFFSET NULL,
    ended_at DATETIMEOFFSET NULL,
    ended_name NVARCHAR(200) NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_support_grant PRIMARY KEY (id)
);

GO

CREATE INDEX ix_support_grant_asked_by ON support_grant (asked_by);

GO

CREATE INDEX ix_support_grant_customer_id ON support_grant (customer_id, id);

GO

CREATE TABLE support_use (
    id BINARY(16) NOT NULL,
    grant_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    user_id BINARY(16) NOT NULL,
    user_name NVARCHAR(200) NOT NULL,
    at DATETIMEOFFSET NOT NULL,
    CONSTRAINT pk_support_use PRIMARY KEY (id)
);

GO

CREATE INDEX ix_support_use_grant_id ON support_use (grant_id, id);

GO

ALTER TABLE login ADD grant_id BINARY(16) NULL;

GO

CREATE INDEX ix_login_grant_id ON login (grant_id);

GO

UPDATE alembic_version SET version_num='0007' WHERE alembic_version.version_num = '0006';

GO

-- Running upgrade 0007 -> 0008

CREATE TABLE erasure (
    id BINARY(16) NOT NULL,
    person_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    at DATETIMEOFFSET NOT NULL,
    counts NVARCHAR(max) NOT NULL,
    proof NVARCHAR(64) NOT NULL,
    CONSTRAINT pk_erasure PRIMARY KEY (id)
);

GO

CREATE INDEX ix_erasure_customer_id ON erasure (customer_id);

GO

CREATE INDEX ix_erasure_person_id ON erasure (person_id);

GO

UPDATE alembic_version SET version_num='0008' WHERE alembic_version.version_num = '0007';

GO

-- Running upgrade 0008 -> 0009

ALTER TABLE organisation ADD sandbox_of BINARY(16) NULL;

GO

ALTER TABLE organisation ADD clock_ahead INTEGER NOT NULL DEFAULT '0';

GO

UPDATE alembic_version SET version_num='0009' WHERE alembic_version.version_num = '0008';

GO

-- Running upgrade 0009 -> 0010

ALTER TABLE user_ ADD drift_mail NVARCHAR(8) NOT NULL DEFAULT 'daily';

GO

UPDATE alembic_version SET version_num='0010' WHERE alembic_version.version_num = '0009';

GO

COMMIT;

GO

