-- Payments and the provider webhooks that report on them.

CREATE TABLE "payments" (
    "id"                       varchar  NOT NULL,
    "provider"                 varchar  NOT NULL,
    "provider_ref"             varchar  NOT NULL,
    "amount"                   integer  NOT NULL,
    "currency"                 varchar  NOT NULL DEFAULT 'IDR',
    "description"              varchar,
    "meta"                     text,
    "status"                   varchar  NOT NULL DEFAULT 'pending',
    "idempotency_key"          varchar,
    "idempotency_request_hash" varchar,
    "created_at"               datetime,
    "updated_at"               datetime,
    PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX "payments_provider_provider_ref_unique" ON "payments" ("provider", "provider_ref");
CREATE UNIQUE INDEX "payments_idempotency_key_unique" ON "payments" ("idempotency_key");
CREATE INDEX "payments_provider_index" ON "payments" ("provider");
CREATE INDEX "payments_provider_ref_index" ON "payments" ("provider_ref");
CREATE INDEX "payments_status_index" ON "payments" ("status");
CREATE INDEX "payments_idempotency_request_hash_index" ON "payments" ("idempotency_request_hash");
CREATE INDEX "payments_status_created_at_idx" ON "payments" ("status", "created_at");
CREATE INDEX "payments_provider_created_at_idx" ON "payments" ("provider", "created_at");

CREATE TABLE "webhook_events" (
    "id"                   varchar  NOT NULL,
    "provider"             varchar  NOT NULL,
    "event_id"             varchar  NOT NULL,
    "event_type"           varchar,
    "signature_hash"       varchar,
    "source_ip"            varchar,
    "request_id"           varchar,
    "headers"              text,
    "payload_raw"          text,
    "payload"              text     NOT NULL,
    "status"               varchar  NOT NULL DEFAULT 'received',
    "payment_status"       varchar,
    "payment_provider_ref" varchar,
    "attempts"             integer  NOT NULL DEFAULT '0',
    "received_at"          datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_attempt_at"      datetime,
    "processed_at"         datetime,
    "next_retry_at"        datetime,
    "error_message"        text,
    "created_at"           datetime,
    "updated_at"           datetime,
    PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX "webhook_events_provider_event_unique" ON "webhook_events" ("provider", "event_id");
CREATE INDEX "webhook_events_provider_index" ON "webhook_events" ("provider");
CREATE INDEX "webhook_events_signature_hash_idx" ON "webhook_events" ("signature_hash");
CREATE INDEX "webhook_events_source_ip_index" ON "webhook_events" ("source_ip");
CREATE INDEX "webhook_events_request_id_index" ON "webhook_events" ("request_id");
CREATE INDEX "webhook_events_status_index" ON "webhook_events" ("status");
CREATE INDEX "webhook_events_payment_status_index" ON "webhook_events" ("payment_status");
CREATE INDEX "webhook_events_payment_provider_ref_index" ON "webhook_events" ("payment_provider_ref");
CREATE INDEX "webhook_events_received_at_index" ON "webhook_events" ("received_at");
CREATE INDEX "webhook_events_last_attempt_at_index" ON "webhook_events" ("last_attempt_at");
CREATE INDEX "webhook_events_processed_at_index" ON "webhook_events" ("processed_at");
CREATE INDEX "webhook_events_next_retry_at_index" ON "webhook_events" ("next_retry_at");
CREATE INDEX "webhook_events_provider_next_retry_idx" ON "webhook_events" ("provider", "next_retry_at");
CREATE INDEX "webhook_events_status_created_at_idx" ON "webhook_events" ("status", "created_at");
CREATE INDEX "webhook_events_paystatus_created_at_idx" ON "webhook_events" ("payment_status", "created_at");
CREATE INDEX "webhook_events_status_next_retry_idx" ON "webhook_events" ("status", "next_retry_at");
CREATE INDEX "webhook_events_status_paystatus_next_retry_idx"
    ON "webhook_events" ("status", "payment_status", "next_retry_at");
