-- Payments and the provider webhooks that report on them.

CREATE TABLE payments (
    id                       char(26)     NOT NULL,
    provider                 varchar(32)  NOT NULL,
    provider_ref             varchar(191) NOT NULL,
    amount                   integer      NOT NULL,
    currency                 varchar(10)  NOT NULL DEFAULT 'IDR',
    description              varchar(255),
    meta                     json,
    status                   varchar(20)  NOT NULL DEFAULT 'pending',
    idempotency_key          varchar(255),
    idempotency_request_hash varchar(64),
    created_at               timestamp(0),
    updated_at               timestamp(0),
    CONSTRAINT payments_pkey PRIMARY KEY (id),
    CONSTRAINT payments_provider_provider_ref_unique UNIQUE (provider, provider_ref),
    CONSTRAINT payments_idempotency_key_unique UNIQUE (idempotency_key)
);

CREATE INDEX payments_provider_index ON payments (provider);
CREATE INDEX payments_provider_ref_index ON payments (provider_ref);
CREATE INDEX payments_status_index ON payments (status);
CREATE INDEX payments_idempotency_request_hash_index ON payments (idempotency_request_hash);
CREATE INDEX payments_status_created_at_idx ON payments (status, created_at);
CREATE INDEX payments_provider_created_at_idx ON payments (provider, created_at);

CREATE TABLE webhook_events (
    id                   char(26)     NOT NULL,
    provider             varchar(32)  NOT NULL,
    event_id             varchar(150) NOT NULL,
    event_type           varchar(120),
    signature_hash       varchar(128),
    source_ip            varchar(45),
    request_id           varchar(120),
    headers              json,
    payload_raw          text,
    payload              json         NOT NULL,
    status               varchar(20)  NOT NULL DEFAULT 'received',
    payment_status       varchar(20),
    payment_provider_ref varchar(191),
    attempts             smallint     NOT NULL DEFAULT '0'::smallint,
    received_at          timestamp(0) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    last_attempt_at      timestamp(0),
    processed_at         timestamp(0),
    next_retry_at        timestamp(0),
    error_message        text,
    created_at           timestamp(0),
    updated_at           timestamp(0),
    CONSTRAINT webhook_events_pkey PRIMARY KEY (id),
    CONSTRAINT webhook_events_provider_event_unique UNIQUE (provider, event_id)
);

CREATE INDEX webhook_events_provider_index ON webhook_events (provider);
CREATE INDEX webhook_events_signature_hash_idx ON webhook_events (signature_hash);
CREATE INDEX webhook_events_source_ip_index ON webhook_events (source_ip);
CREATE INDEX webhook_events_request_id_index ON webhook_events (request_id);
CREATE INDEX webhook_events_status_index ON webhook_events (status);
CREATE INDEX webhook_events_payment_status_index ON webhook_events (payment_status);
CREATE INDEX webhook_events_payment_provider_ref_index ON webhook_events (payment_provider_ref);
CREATE INDEX webhook_events_received_at_index ON webhook_events (received_at);
CREATE INDEX webhook_events_last_attempt_at_index ON webhook_events (last_attempt_at);
CREATE INDEX webhook_events_processed_at_index ON webhook_events (processed_at);
CREATE INDEX webhook_events_next_retry_at_index ON webhook_events (next_retry_at);
CREATE INDEX webhook_events_provider_next_retry_idx ON webhook_events (provider, next_retry_at);
CREATE INDEX webhook_events_status_created_at_idx ON webhook_events (status, created_at);
CREATE INDEX webhook_events_paystatus_created_at_idx ON webhook_events (payment_status, created_at);
CREATE INDEX webhook_events_status_next_retry_idx ON webhook_events (status, next_retry_at);
CREATE INDEX webhook_events_status_paystatus_next_retry_idx
    ON webhook_events (status, payment_status, next_retry_at);
