-- services
SET QUOTED_IDENTIFIER ON; SET ANSI_NULLS ON; SET XACT_ABORT ON;

BEGIN TRANSACTION;

CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

GO

-- Running upgrade  -> 0001

CREATE TABLE account_ref (
    id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    name NVARCHAR(200) NOT NULL,
    status NVARCHAR(20) NOT NULL,
    currency NVARCHAR(3) NOT NULL,
    country NVARCHAR(2) NOT NULL,
    region NVARCHAR(10) NOT NULL,
    time_zone NVARCHAR(64) NOT NULL,
    price_book NVARCHAR(80) NOT NULL,
    ccp_customer_id NVARCHAR(80) NULL,
    ccp_user_id NVARCHAR(80) NULL,
    version INTEGER NOT NULL,
    customer_version INTEGER NOT NULL,
    CONSTRAINT pk_account_ref PRIMARY KEY (id)
);

GO

CREATE INDEX ix_account_ref_customer_id ON account_ref (customer_id);

GO

CREATE INDEX ix_account_ref_reseller_id ON account_ref (reseller_id);

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

CREATE TABLE change_ (
    id BINARY(16) NOT NULL,
    subscription_id BINARY(16) NOT NULL,
    account_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    kind NVARCHAR(20) NOT NULL,
    mode NVARCHAR(12) NULL,
    from_quantity INTEGER NOT NULL,
    to_quantity INTEGER NOT NULL,
    from_valid_to DATE NOT NULL,
    to_valid_to DATE NULL,
    from_state NVARCHAR(24) NOT NULL,
    state NVARCHAR(12) NOT NULL,
    currency NVARCHAR(3) NOT NULL,
    charge_now BIGINT NULL,
    preview_id BINARY(16) NULL,
    run_id BINARY(16) NULL,
    requested_by_id BINARY(16) NULL,
    requested_by NVARCHAR(200) NOT NULL,
    provider_change_id NVARCHAR(80) NULL,
    error_code NVARCHAR(80) NULL,
    error_detail NVARCHAR(1000) NULL,
    begun_at DATETIMEOFFSET NOT NULL,
    ended_at DATETIMEOFFSET NULL,
    CONSTRAINT pk_change_ PRIMARY KEY (id)
);

GO

CREATE INDEX ix_change__customer_id ON change_ (customer_id);

GO

CREATE INDEX ix_change__subscription_id ON change_ (subscription_id);

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

CREATE TABLE listing (
    currency NVARCHAR(3) NOT NULL,
    offer_id BINARY(16) NOT NULL,
    term NVARCHAR(10) NOT NULL,
    billing_cycle NVARCHAR(10) NOT NULL,
    purchase_price NUMERIC(19, 6) NOT NULL,
    terms NVARCHAR(100) NOT NULL,
    billing_cycles NVARCHAR(60) NOT NULL,
    CONSTRAINT pk_listing PRIMARY KEY (currency, offer_id)
);

GO

CREATE TABLE number_series (
    series NVARCHAR(40) NOT NULL,
    last INTEGER NOT NULL,
    CONSTRAINT pk_number_series PRIMARY KEY (series)
);

GO

CREATE TABLE offer (
    id BINARY(16) NOT NULL,
    provider NVARCHAR(40) NOT NULL,
    provider_offer_id NVARCHAR(80) NOT NULL,
    vendor NVARCHAR(120) NOT NULL,
    category NVARCHAR(80) NOT NULL,
    name NVARCHAR(200) NOT NULL,
    description NVARCHAR(max) NOT NULL,
    kind NVARCHAR(20) NOT NULL,
    unit NVARCHAR(40) NOT NULL,
    min_quantity INTEGER NOT NULL,
    max_quantity INTEGER NULL,
    countries NVARCHAR(1200) NOT NULL,
    policy NVARCHAR(max) NOT NULL,
    addon_of NVARCHAR(max) NOT NULL,
    prerequisites NVARCHAR(max) NOT NULL,
    valid_from DATE NULL,
    valid_to DATE NULL,
    words NVARCHAR(2000) NOT NULL,
    provider_version NVARCHAR(40) NOT NULL,
    digest NVARCHAR(64) NOT NULL,
    active BIT NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_offer PRIMARY KEY (id),
    CONSTRAINT uq_offer_provider_provider_offer_id UNIQUE (provider, provider_offer_id)
);

GO

CREATE TABLE offer_plan (
    offer_id BINARY(16) NOT NULL,
    currency NVARCHAR(3) NOT NULL,
    term NVARCHAR(10) NOT NULL,
    billing_cycle NVARCHAR(10) NOT NULL,
    position INTEGER NOT NULL,
    purchase_price NUMERIC(19, 6) NOT NULL,
    CONSTRAINT pk_offer_plan PRIMARY KEY (offer_id, currency, term, billing_cycle)
);

GO

CREATE TABLE order_ (
    id BINARY(16) NOT NULL,
    number NVARCHAR(20) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    account_id BINARY(16) NOT NULL,
    account_name NVARCHAR(200) NOT NULL,
    state NVARCHAR(24) NOT NULL,
    currency NVARCHAR(3) NOT NULL,
    charge_now BIGINT NOT NULL,
    every_month BIGINT NULL,
    commitment BIGINT NOT NULL,
    accepted_total BIGINT NULL,
    po_reference NVARCHAR(80) NULL,
    cost_centre NVARCHAR(80) NULL,
    preview_id BINARY(16) NULL,
    run_id BINARY(16) NULL,
    ordered_by_id BINARY(16) NULL,
    ordered_by NVARCHAR(200) NOT NULL,
    effective_on DATE NOT NULL,
    provider_order_id NVARCHAR(80) NULL,
    error_code NVARCHAR(80) NULL,
    error_detail NVARCHAR(1000) NULL,
    placed_at DATETIMEOFFSET NOT NULL,
    ended_at DATETIMEOFFSET NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_order_ PRIMARY KEY (id),
    CONSTRAINT uq_order__number UNIQUE (number)
);

GO

CREATE INDEX ix_order__account_id ON order_ (account_id);

GO

CREATE INDEX ix_order_customer_id_id ON order_ (customer_id, id);

GO

CREATE INDEX ix_order_reseller_id_id ON order_ (reseller_id, id);

GO

CREATE TABLE order_line (
    subscription_id BINARY(16) NOT NULL,
    order_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    position INTEGER NOT NULL,
    offer_id BINARY(16) NOT NULL,
    provider_offer_id NVARCHAR(80) NOT NULL,
    name NVARCHAR(200) NOT NULL,
    vendor NVARCHAR(120) NOT NULL,
    kind NVARCHAR(20) NOT NULL,
    unit NVARCHAR(40) NOT NULL,
    term NVARCHAR(10) NOT NULL,
    billing_cycle NVARCHAR(10) NOT NULL,
    quantity INTEGER NOT NULL,
    currency NVARCHAR(3) NOT NULL,
    unit_price NUMERIC(19, 6) NOT NULL,
    charge_now BIGINT NOT NULL,
    cycle_price BIGINT NOT NULL,
    charged_until DATE NULL,
    valid_to DATE NOT NULL,
    undo_until DATETIMEOFFSET NULL,
    parent_subscription_id BINARY(16) NULL,
    state NVARCHAR(12) NOT NULL,
    error_code NVARCHAR(80) NULL,
    error_detail NVARCHAR(1000) NULL,
    CONSTRAINT pk_order_line PRIMARY KEY (subscription_id)
);

GO

CREATE INDEX ix_order_line_customer_id ON order_line (customer_id);

GO

CREATE INDEX ix_order_line_order_id ON order_line (order_id);

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

CREATE TABLE preview (
    id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    kind NVARCHAR(10) NOT NULL,
    terms NVARCHAR(max) NOT NULL,
    signature NVARCHAR(64) NOT NULL,
    expires_at DATETIMEOFFSET NOT NULL,
    redeemed_by BINARY(16) NULL,
    CONSTRAINT pk_preview PRIMARY KEY (id)
);

GO

CREATE INDEX ix_preview_customer_id ON preview (customer_id);

GO

CREATE TABLE price_book (
    id BINARY(16) NOT NULL,
    name NVARCHAR(80) NOT NULL,
    version INTEGER NOT NULL,
    changed_at DATETIMEOFFSET NOT NULL,
    CONSTRAINT pk_price_book PRIMARY KEY (id),
    CONSTRAINT uq_price_book_name UNIQUE (name)
);

GO

CREATE TABLE price_rule (
    price_book_id BINARY(16) NOT NULL,
    position INTEGER NOT NULL,
    scope NVARCHAR(10) NOT NULL,
    target NVARCHAR(120) NOT NULL,
    markup_percent NUMERIC(19, 6) NULL,
    unit_price NUMERIC(19, 6) NULL,
    currency NVARCHAR(3) NULL,
    term NVARCHAR(10) NULL,
    billing_cycle NVARCHAR(10) NULL,
    CONSTRAINT pk_price_rule PRIMARY KEY (price_book_id, position)
);

GO

CREATE TABLE provider (
    [key] NVARCHAR(40) NOT NULL,
    synced_at DATETIMEOFFSET NULL,
    last_change NVARCHAR(max) NOT NULL,
    CONSTRAINT pk_provider PRIMARY KEY ([key])
);

GO

CREATE TABLE provider_operation (
    id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    kind NVARCHAR(10) NOT NULL,
    subject_id BINARY(16) NOT NULL,
    state NVARCHAR(10) NOT NULL,
    tries INTEGER NOT NULL,
    provider_id NVARCHAR(80) NULL,
    error_code NVARCHAR(80) NULL,
    asked_at DATETIMEOFFSET NOT NULL,
    ended_at DATETIMEOFFSET NULL,
    CONSTRAINT pk_provider_operation PRIMARY KEY (id)
);

GO

CREATE INDEX ix_provider_operation_customer_id ON provider_operation (customer_id);

GO

CREATE INDEX ix_provider_operation_subject_id ON provider_operation (subject_id);

GO

CREATE TABLE seat_lot (
    id BINARY(16) NOT NULL,
    subscription_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    quantity INTEGER NOT NULL,
    added_at DATETIMEOFFSET NOT NULL,
    returnable_until DATETIMEOFFSET NULL,
    source NVARCHAR(80) NULL,
    CONSTRAINT pk_seat_lot PRIMARY KEY (id)
);

GO

CREATE INDEX ix_seat_lot_customer_id ON seat_lot (customer_id);

GO

CREATE INDEX ix_seat_lot_subscription_id ON seat_lot (subscription_id);

GO

CREATE TABLE subscription (
    id BINARY(16) NOT NULL,
    number NVARCHAR(20) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    account_id BINARY(16) NOT NULL,
    account_name NVARCHAR(200) NOT NULL,
    order_id BINARY(16) NOT NULL,
    offer_id BINARY(16) NOT NULL,
    provider_offer_id NVARCHAR(80) NOT NULL,
    provider_subscription_id NVARCHAR(80) NULL,
    name NVARCHAR(200) NOT NULL,
    vendor NVARCHAR(120) NOT NULL,
    kind NVARCHAR(20) NOT NULL,
    unit NVARCHAR(40) NOT NULL,
    term NVARCHAR(10) NOT NULL,
    billing_cycle NVARCHAR(10) NOT NULL,
    quantity INTEGER NOT NULL,
    currency NVARCHAR(3) NOT NULL,
    unit_rate NUMERIC(19, 6) NOT NULL,
    state NVARCHAR(24) NOT NULL,
    raw_state NVARCHAR(40) NULL,
    valid_from DATE NOT NULL,
    valid_to DATE NOT NULL,
    auto_renew BIT NOT NULL,
    parent_subscription_id BINARY(16) NULL,
    terms_of_offer NVARCHAR(max) NOT NULL,
    policy NVARCHAR(max) NOT NULL,
    provider_version INTEGER NOT NULL,
    open_change_id BINARY(16) NULL,
    error_code NVARCHAR(80) NULL,
    error_detail NVARCHAR(1000) NULL,
    looked_at DATETIMEOFFSET NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_subscription PRIMARY KEY (id),
    CONSTRAINT uq_subscription_number UNIQUE (number)
);

GO

CREATE INDEX ix_subscription_account_id ON subscription (account_id);

GO

CREATE INDEX ix_subscription_customer_id_id ON subscription (customer_id, id);

GO

CREATE INDEX ix_subscription_order_id ON subscription (order_id);

GO

CREATE INDEX ix_subscription_reseller_id_id ON subscription (reseller_id, id);

GO

CREATE INDEX ix_subscription_state_valid_to ON subscription (state, valid_to);

GO

INSERT INTO alembic_version (version_num) OUTPUT inserted.version_num VALUES ('0001');

GO

-- Running upgrade 0001 -> 0002

CREATE TABLE stamp (
    topic NVARCHAR(80) NOT NULL,
    value BINARY(16) NOT NULL,
    CONSTRAINT pk_stamp PRIMARY KEY (topic)
);

GO

UPDATE alembic_version SET version_num='0002' WHERE alembic_version.version_num = '0001';

GO

-- Running upgrade 0002 -> 0003

ALTER TABLE provider_operation ADD last_asked_at DATETIMEOFFSET NULL;

GO

UPDATE alembic_version SET version_num='0003' WHERE alembic_version.version_num = '0002';

GO

-- Running upgrade 0003 -> 0004

ALTER TABLE subscription ADD paid_until DATE NULL;

GO

UPDATE alembic_version SET version_num='0004' WHERE alembic_version.version_num = '0003';

GO

-- Running upgrade 0004 -> 0005

CREATE TABLE approval_limit (
    id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    role NVARCHAR(20) NOT NULL,
    currency NVARCHAR(3) NOT NULL,
    amount_minor BIGINT NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_approval_limit PRIMARY KEY (id),
    CONSTRAINT uq_approval_limit_customer_id_role UNIQUE (customer_id, role)
);

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

CREATE TABLE provider_hint (
    id BINARY(16) NOT NULL,
    provider NVARCHAR(40) NOT NULL,
    kind NVARCHAR(80) NOT NULL,
    provider_subscription_id NVARCHAR(80) NULL,
    account_id BINARY(16) NULL,
    at DATETIMEOFFSET NOT NULL,
    noted_at DATETIMEOFFSET NOT NULL,
    taken_at DATETIMEOFFSET NULL,
    CONSTRAINT pk_provider_hint PRIMARY KEY (id)
);

GO

CREATE INDEX ix_provider_hint_taken_at_noted_at ON provider_hint (taken_at, noted_at);

GO

ALTER TABLE subscription ADD provider NVARCHAR(40) NOT NULL DEFAULT 'sandbox';

GO

ALTER TABLE order_ ADD provider NVARCHAR(40) NOT NULL DEFAULT 'sandbox';

GO

UPDATE alembic_version SET version_num='0007' WHERE alembic_version.version_num = '0006';

GO

-- Running upgrade 0007 -> 0008

ALTER TABLE offer_plan ADD list_price NUMERIC(19, 6) NULL;

GO

ALTER TABLE listing ADD list_price NUMERIC(19, 6) NULL;

GO

ALTER TABLE order_line ADD priced_by NVARCHAR(max) NULL;

GO

ALTER TABLE price_book ADD rounding NVARCHAR(10) NOT NULL DEFAULT 'minor';

GO

ALTER TABLE price_rule ADD discount_percent NUMERIC(19, 6) NULL;

GO

ALTER TABLE price_rule ADD min_quantity INTEGER NOT NULL DEFAULT '1';

GO

ALTER TABLE price_rule ADD valid_from DATE NULL;

GO

ALTER TABLE price_rule ADD valid_to DATE NULL;

GO

ALTER TABLE price_rule ADD rounding NVARCHAR(10) NULL;

GO

CREATE TABLE price_book_version (
    price_book_id BINARY(16) NOT NULL,
    version INTEGER NOT NULL,
    since DATETIMEOFFSET NOT NULL,
    rounding NVARCHAR(10) NOT NULL,
    rules NVARCHAR(max) NOT NULL,
    CONSTRAINT pk_price_book_version PRIMARY KEY (price_book_id, version)
);

GO

CREATE TABLE price_agreement (
    id BINARY(16) NOT NULL,
    holder_id BINARY(16) NOT NULL,
    reference NVARCHAR(80) NOT NULL,
    price_book NVARCHAR(80) NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE NULL,
    version INTEGER NOT NULL,
    changed_at DATETIMEOFFSET NOT NULL,
    CONSTRAINT pk_price_agreement PRIMARY KEY (id)
);

GO

CREATE INDEX ix_price_agreement_holder_id ON price_agreement (holder_id);

GO

CREATE TABLE past_price (
    offer_id BINARY(16) NOT NULL,
    currency NVARCHAR(3) NOT NULL,
    term NVARCHAR(10) NOT NULL,
    billing_cycle NVARCHAR(10) NOT NULL,
    until DATETIMEOFFSET NOT NULL,
    purchase_price NUMERIC(19, 6) NOT NULL,
    list_price NUMERIC(19, 6) NULL,
    CONSTRAINT pk_past_price PRIMARY KEY (offer_id, currency, term, billing_cycle, until)
);

GO

CREATE TABLE promotion (
    provider NVARCHAR(40) NOT NULL,
    id NVARCHAR(80) NOT NULL,
    name NVARCHAR(200) NOT NULL,
    terms NVARCHAR(max) NOT NULL,
    valid_from DATE NULL,
    valid_to DATE NULL,
    CONSTRAINT pk_promotion PRIMARY KEY (provider, id)
);

GO

CREATE TABLE catalogue_sync (
    id BINARY(16) NOT NULL,
    provider NVARCHAR(40) NOT NULL,
    kind NVARCHAR(12) NOT NULL,
    ended_at DATETIMEOFFSET NOT NULL,
    offers INTEGER NOT NULL,
    added INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    mark NVARCHAR(200) NULL,
    etag NVARCHAR(200) NULL,
    CONSTRAINT pk_catalogue_sync PRIMARY KEY (id)
);

GO

CREATE INDEX ix_catalogue_sync_provider_id ON catalogue_sync (provider, id);

GO

CREATE TABLE catalogue_change (
    id BINARY(16) NOT NULL,
    sync_id BINARY(16) NOT NULL,
    offer_id BINARY(16) NOT NULL,
    name NVARCHAR(200) NOT NULL,
    kind NVARCHAR(10) NOT NULL,
    at DATETIMEOFFSET NOT NULL,
    before NVARCHAR(max) NOT NULL,
    after NVARCHAR(max) NOT NULL,
    prices NVARCHAR(max) NOT NULL,
    CONSTRAINT pk_catalogue_change PRIMARY KEY (id)
);

GO

CREATE INDEX ix_catalogue_change_sync_id ON catalogue_change (sync_id);

GO

CREATE INDEX ix_catalogue_change_offer_id_id ON catalogue_change (offer_id, id);

GO

UPDATE alembic_version SET version_num='0008' WHERE alembic_version.version_num = '0007';

GO

-- Running upgrade 0008 -> 0009

CREATE TABLE approval (
    id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    account_id BINARY(16) NOT NULL,
    account_name NVARCHAR(200) NOT NULL,
    subject_kind NVARCHAR(10) NOT NULL,
    subject_id BINARY(16) NOT NULL,
    run_id BINARY(16) NULL,
    label NVARCHAR(300) NOT NULL,
    state NVARCHAR(12) NOT NULL,
    currency NVARCHAR(3) NOT NULL,
    amount_minor BIGINT NOT NULL,
    terms NVARCHAR(max) NOT NULL,
    role NVARCHAR(20) NOT NULL,
    requested_by NVARCHAR(200) NOT NULL,
    requested_by_id BINARY(16) NULL,
    requested_by_client NVARCHAR(64) NULL,
    requested_at DATETIMEOFFSET NOT NULL,
    expires_at DATETIMEOFFSET NOT NULL,
    delegated_to NVARCHAR(320) NULL,
    delegated_by NVARCHAR(200) NULL,
    decided_by NVARCHAR(200) NULL,
    decided_by_id BINARY(16) NULL,
    decided_at DATETIMEOFFSET NULL,
    reason NVARCHAR(500) NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_approval PRIMARY KEY (id)
);

GO

CREATE INDEX ix_approval_customer_id_id ON approval (customer_id, id);

GO

CREATE INDEX ix_approval_reseller_id_id ON approval (reseller_id, id);

GO

CREATE INDEX ix_approval_account_id ON approval (account_id);

GO

CREATE INDEX ix_approval_subject_id ON approval (subject_id);

GO

CREATE TABLE ordering_rule (
    id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    currency NVARCHAR(3) NULL,
    preview_above_minor BIGINT NULL,
    approval_days INTEGER NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_ordering_rule PRIMARY KEY (id),
    CONSTRAINT uq_ordering_rule_customer_id UNIQUE (customer_id)
);

GO

CREATE TABLE cart (
    id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    account_id BINARY(16) NOT NULL,
    po_reference NVARCHAR(80) NULL,
    cost_centre NVARCHAR(80) NULL,
    starts_on DATE NULL,
    preview_id BINARY(16) NULL,
    updated_at DATETIMEOFFSET NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_cart PRIMARY KEY (id),
    CONSTRAINT uq_cart_account_id UNIQUE (account_id)
);

GO

CREATE INDEX ix_cart_customer_id ON cart (customer_id);

GO

CREATE INDEX ix_cart_reseller_id ON cart (reseller_id);

GO

CREATE TABLE cart_line (
    id BINARY(16) NOT NULL,
    cart_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    position INTEGER NOT NULL,
    offer_id BINARY(16) NOT NULL,
    name NVARCHAR(200) NOT NULL,
    quantity INTEGER NOT NULL,
    term NVARCHAR(10) NULL,
    billing_cycle NVARCHAR(10) NULL,
    base_line_id BINARY(16) NULL,
    parent_subscription_id BINARY(16) NULL,
    CONSTRAINT pk_cart_line PRIMARY KEY (id)
);

GO

CREATE INDEX ix_cart_line_cart_id ON cart_line (cart_id);

GO

CREATE TABLE quote (
    id BINARY(16) NOT NULL,
    number NVARCHAR(20) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    account_id BINARY(16) NOT NULL,
    account_name NVARCHAR(200) NOT NULL,
    state NVARCHAR(10) NOT NULL,
    preview_id BINARY(16) NOT NULL,
    currency NVARCHAR(3) NOT NULL,
    commitment BIGINT NOT NULL,
    terms NVARCHAR(max) NOT NULL,
    note NVARCHAR(1000) NULL,
    made_by NVARCHAR(200) NOT NULL,
    made_by_id BINARY(16) NULL,
    made_at DATETIMEOFFSET NOT NULL,
    valid_until DATETIMEOFFSET NOT NULL,
    sent_at DATETIMEOFFSET NULL,
    decided_by NVARCHAR(200) NULL,
    decided_by_id BINARY(16) NULL,
    decided_at DATETIMEOFFSET NULL,
    reason NVARCHAR(500) NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_quote PRIMARY KEY (id),
    CONSTRAINT uq_quote_number UNIQUE (number)
);

GO

CREATE INDEX ix_quote_customer_id_id ON quote (customer_id, id);

GO

CREATE INDEX ix_quote_reseller_id_id ON quote (reseller_id, id);

GO

CREATE INDEX ix_quote_account_id ON quote (account_id);

GO

UPDATE alembic_version SET version_num='0009' WHERE alembic_version.version_num = '0008';

GO

-- Running upgrade 0009 -> 0010

ALTER TABLE subscription ADD next_term NVARCHAR(max) NULL;

GO

ALTER TABLE subscription ADD earlier_plans NVARCHAR(max) NULL;

GO

ALTER TABLE change_ ADD wish NVARCHAR(max) NULL;

GO

COMMIT;

GO

CREATE INDEX ix_subscription_parent_subscription_id ON subscription (parent_subscription_id);

GO

BEGIN TRANSACTION;

UPDATE alembic_version SET version_num='0010' WHERE alembic_version.version_num = '0009';

GO

-- Running upgrade 0010 -> 0011

CREATE TABLE decision (
    id BINARY(16) NOT NULL,
    subscription_id BINARY(16) NOT NULL,
    account_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    term_first DATE NOT NULL,
    term_end DATE NOT NULL,
    deadline DATETIMEOFFSET NOT NULL,
    mode NVARCHAR(12) NULL,
    standing BIT NOT NULL,
    note NVARCHAR(500) NULL,
    owner_id BINARY(16) NULL,
    owner NVARCHAR(200) NULL,
    decided_by_id BINARY(16) NULL,
    decided_by NVARCHAR(200) NULL,
    decided_at DATETIMEOFFSET NULL,
    reminded INTEGER NULL,
    next_reminder_at DATETIMEOFFSET NULL,
    outcome NVARCHAR(12) NULL,
    settled_at DATETIMEOFFSET NULL,
    finished_at DATETIMEOFFSET NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_decision PRIMARY KEY (id)
);

GO

CREATE INDEX ix_decision_subscription_id ON decision (subscription_id);

GO

CREATE INDEX ix_decision_owner_id ON decision (owner_id);

GO

CREATE INDEX ix_decision_customer_id_deadline ON decision (customer_id, deadline);

GO

CREATE INDEX ix_decision_reseller_id_deadline ON decision (reseller_id, deadline);

GO

CREATE INDEX ix_decision_next_reminder_at ON decision (next_reminder_at);

GO

CREATE INDEX ix_decision_settled_at_term_end ON decision (settled_at, term_end);

GO

CREATE TABLE history_line (
    id BINARY(16) NOT NULL,
    subscription_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    at DATETIMEOFFSET NOT NULL,
    kind NVARCHAR(20) NOT NULL,
    facts NVARCHAR(max) NOT NULL,
    by_id BINARY(16) NULL,
    [by] NVARCHAR(200) NOT NULL,
    run_id BINARY(16) NULL,
    CONSTRAINT pk_history_line PRIMARY KEY (id)
);

GO

CREATE INDEX ix_history_line_subscription_id ON history_line (subscription_id, id);

GO

CREATE INDEX ix_history_line_customer_id ON history_line (customer_id);

GO

CREATE INDEX ix_history_line_reseller_id ON history_line (reseller_id);

GO

UPDATE alembic_version SET version_num='0011' WHERE alembic_version.version_num = '0010';

GO

-- Running upgrade 0011 -> 0012

CREATE TABLE drift (
    id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    account_id BINARY(16) NOT NULL,
    account_name NVARCHAR(200) NOT NULL,
    subscription_id BINARY(16) NOT NULL,
    number NVARCHAR(20) NULL,
    name NVARCHAR(200) NOT NULL,
    provider NVARCHAR(40) NOT NULL,
    provider_subscription_id NVARCHAR(80) NOT NULL,
    kind NVARCHAR(12) NOT NULL,
    differences NVARCHAR(max) NOT NULL,
    seen NVARCHAR(max) NULL,
    digest NVARCHAR(64) NOT NULL,
    state NVARCHAR(12) NOT NULL,
    found_at DATETIMEOFFSET NOT NULL,
    seen_at DATETIMEOFFSET NOT NULL,
    ended_at DATETIMEOFFSET NULL,
    decision NVARCHAR(12) NULL,
    reason NVARCHAR(500) NULL,
    settlement_id BINARY(16) NULL,
    run_id BINARY(16) NULL,
    settled_by_id BINARY(16) NULL,
    settled_by NVARCHAR(200) NULL,
    case_id BINARY(16) NULL,
    error_code NVARCHAR(80) NULL,
    error_detail NVARCHAR(1000) NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_drift PRIMARY KEY (id)
);

GO

CREATE INDEX ix_drift_customer_id_id ON drift (customer_id, id);

GO

CREATE INDEX ix_drift_reseller_id_id ON drift (reseller_id, id);

GO

CREATE INDEX ix_drift_account_id_state ON drift (account_id, state);

GO

CREATE INDEX ix_drift_subscription_id ON drift (subscription_id);

GO

CREATE INDEX ix_drift_provider_subscription_id ON drift (provider_subscription_id);

GO

CREATE TABLE reconciliation (
    account_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    [rule] NVARCHAR(12) NOT NULL,
    at DATETIMEOFFSET NULL,
    compared INTEGER NOT NULL,
    standing INTEGER NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_reconciliation PRIMARY KEY (account_id)
);

GO

CREATE INDEX ix_reconciliation_customer_id ON reconciliation (customer_id);

GO

CREATE TABLE bulk_plan (
    id BINARY(16) NOT NULL,
    number NVARCHAR(20) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    state NVARCHAR(12) NOT NULL,
    rows INTEGER NOT NULL,
    invalid INTEGER NOT NULL,
    totals NVARCHAR(max) NOT NULL,
    signature NVARCHAR(64) NOT NULL,
    expires_at DATETIMEOFFSET NOT NULL,
    created_at DATETIMEOFFSET NOT NULL,
    made_by_id BINARY(16) NULL,
    made_by NVARCHAR(200) NOT NULL,
    application_id BINARY(16) NULL,
    run_id BINARY(16) NULL,
    applied_by_id BINARY(16) NULL,
    applied_by NVARCHAR(200) NULL,
    applied_at DATETIMEOFFSET NULL,
    ended_at DATETIMEOFFSET NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_bulk_plan PRIMARY KEY (id),
    CONSTRAINT uq_bulk_plan_number UNIQUE (number)
);

GO

CREATE INDEX ix_bulk_plan_customer_id_id ON bulk_plan (customer_id, id);

GO

CREATE INDEX ix_bulk_plan_state ON bulk_plan (state);

GO

CREATE TABLE bulk_row (
    id BINARY(16) NOT NULL,
    plan_id BINARY(16) NOT NULL,
    customer_id BINARY(16) NOT NULL,
    reseller_id BINARY(16) NULL,
    position INTEGER NOT NULL,
    subscription NVARCHAR(80) NOT NULL,
    action NVARCHAR(40) NOT NULL,
    value NVARCHAR(80) NOT NULL,
    subscription_id BINARY(16) NULL,
    number NVARCHAR(20) NULL,
    name NVARCHAR(200) NULL,
    account_name NVARCHAR(200) NULL,
    before NVARCHAR(80) NULL,
    terms NVARCHAR(max) NULL,
    currency NVARCHAR(3) NULL,
    charge_minor BIGINT NULL,
    state NVARCHAR(12) NOT NULL,
    error_code NVARCHAR(80) NULL,
    error_detail NVARCHAR(1000) NULL,
    run_id BINARY(16) NULL,
    ended_at DATETIMEOFFSET NULL,
    CONSTRAINT pk_bulk_row PRIMARY KEY (id)
);

GO

CREATE INDEX ix_bulk_row_plan_id_position ON bulk_row (plan_id, position);

GO

CREATE INDEX ix_bulk_row_customer_id ON bulk_row (customer_id);

GO

UPDATE alembic_version SET version_num='0012' WHERE alembic_version.version_num = '0011';

GO

-- Running upgrade 0012 -> 0013

ALTER TABLE approval ADD why NVARCHAR(60) NULL;

GO

ALTER TABLE bulk_plan ADD approval_id BINARY(16) NULL;

GO

ALTER TABLE account_ref ADD asks BIT NULL;

GO

ALTER TABLE account_ref ADD budget_left BIGINT NULL;

GO

ALTER TABLE account_ref ADD commitment_left BIGINT NULL;

GO

ALTER TABLE account_ref ADD stands_version INTEGER NULL;

GO

UPDATE alembic_version SET version_num='0013' WHERE alembic_version.version_num = '0012';

GO

-- Running upgrade 0013 -> 0014

CREATE TABLE resale_book (
    id BINARY(16) NOT NULL,
    owner_id BINARY(16) NOT NULL,
    holder_id BINARY(16) NOT NULL,
    version INTEGER NOT NULL,
    since DATETIMEOFFSET NOT NULL,
    rounding NVARCHAR(10) NOT NULL,
    markup_percent NUMERIC(19, 6) NULL,
    rules NVARCHAR(max) NOT NULL,
    CONSTRAINT pk_resale_book PRIMARY KEY (id)
);

GO

CREATE INDEX ix_resale_book_owner_id_holder_id ON resale_book (owner_id, holder_id);

GO

ALTER TABLE order_line ADD payer_price NUMERIC(19, 6) NULL;

GO

ALTER TABLE subscription ADD payer_rate NUMERIC(19, 6) NULL;

GO

UPDATE alembic_version SET version_num='0014' WHERE alembic_version.version_num = '0013';

GO

-- Running upgrade 0014 -> 0015

ALTER TABLE cart_line ADD answers NVARCHAR(max) NULL;

GO

ALTER TABLE order_line ADD answers NVARCHAR(max) NULL;

GO

UPDATE alembic_version SET version_num='0015' WHERE alembic_version.version_num = '0014';

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
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.account_ref,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.account_ref AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.account_ref AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.approval,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.approval AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.approval AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.approval_limit,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.approval_limit AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.approval_limit AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_entry,
ADD BLOCK PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_entry AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_head,
ADD BLOCK PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_head AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_head AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_seal,
ADD BLOCK PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_seal AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, NULL) ON dbo.audit_seal AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.bulk_plan,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.bulk_plan AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.bulk_plan AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.bulk_row,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.bulk_row AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.bulk_row AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.cart,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.cart AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.cart AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.cart_line,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.cart_line AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.cart_line AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.change_,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.change_ AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.change_ AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.decision,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.decision AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.decision AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.drift,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.drift AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.drift AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.history_line,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.history_line AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.history_line AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(NULL, NULL) ON dbo.inbox,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.order_,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.order_ AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.order_ AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.order_line,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.order_line AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.order_line AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.ordering_rule,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.ordering_rule AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.ordering_rule AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(NULL, NULL) ON dbo.outbox,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.preview,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.preview AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.preview AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.provider_operation,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.provider_operation AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.provider_operation AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.quote,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.quote AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.quote AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.reconciliation,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.reconciliation AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.reconciliation AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.seat_lot,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.seat_lot AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.seat_lot AFTER UPDATE,
ADD FILTER PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.subscription,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.subscription AFTER INSERT,
ADD BLOCK PREDICATE tenancy.covered(customer_id, reseller_id) ON dbo.subscription AFTER UPDATE
WITH (STATE = ON, SCHEMABINDING = ON);
GO

