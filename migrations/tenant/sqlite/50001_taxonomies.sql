-- A tenant's taxonomies.
--
-- SQLite has neither roles nor session variables: each connection makes its own guards, and another process that opens
-- the file has none. One file per tenant is the real boundary.

CREATE TABLE "taxonomies" (
    "id"                    TEXT    NOT NULL PRIMARY KEY,
    "tenant_id"             TEXT    NOT NULL,
    "master_id"             TEXT,
    "type"                  TEXT    NOT NULL,
    "code"                  TEXT    NOT NULL,
    "name"                  TEXT    NOT NULL,
    "parent_id"             TEXT,
    "sort_order"            INTEGER NOT NULL DEFAULT 0,
    "is_active"             INTEGER NOT NULL DEFAULT 1 CHECK ("is_active" IN (0, 1)),
    "is_system"             INTEGER NOT NULL DEFAULT 0 CHECK ("is_system" IN (0, 1)),
    "source_version"        INTEGER,
    "source_checksum"       TEXT,
    "modified_by_tenant_at" TEXT,
    "created_at"            TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    "updated_at"            TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    "deleted_at"            TEXT,
    UNIQUE ("tenant_id", "id"),
    UNIQUE ("tenant_id", "type", "code"),
    FOREIGN KEY ("tenant_id", "parent_id") REFERENCES "taxonomies" ("tenant_id", "id")
) STRICT;

CREATE INDEX "taxonomies_tenant_id_type_sort_order_index" ON "taxonomies" ("tenant_id", "type", "sort_order");
