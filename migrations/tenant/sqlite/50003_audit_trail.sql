-- What a tenant's users did.

CREATE TABLE "tenant_audit_trail" (
    "id"            INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "tenant_id"     TEXT NOT NULL,
    "actor_user_id" TEXT,
    "action"        TEXT NOT NULL,
    "entity"        TEXT NOT NULL,
    "entity_id"     TEXT,
    "request_id"    TEXT,
    "changes"       TEXT NOT NULL DEFAULT '{}',
    "occurred_at"   TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT;

CREATE INDEX "tenant_audit_trail_tenant_id_occurred_at_index"
    ON "tenant_audit_trail" ("tenant_id", "occurred_at" DESC);
