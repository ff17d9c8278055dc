-- A tenant's roles, what they permit, and its members.

CREATE TABLE "tenant_roles" (
    "tenant_id"             TEXT    NOT NULL,
    "code"                  TEXT    NOT NULL,
    "name"                  TEXT    NOT NULL,
    "is_system"             INTEGER NOT NULL DEFAULT 0 CHECK ("is_system" IN (0, 1)),
    "source_version"        INTEGER,
    "source_checksum"       TEXT,
    "modified_by_tenant_at" TEXT,
    "created_at"            TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    "updated_at"            TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    PRIMARY KEY ("tenant_id", "code")
) STRICT;

CREATE TABLE "tenant_role_permissions" (
    "tenant_id"  TEXT NOT NULL,
    "role_code"  TEXT NOT NULL,
    "permission" TEXT NOT NULL,
    "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    PRIMARY KEY ("tenant_id", "role_code", "permission"),
    FOREIGN KEY ("tenant_id", "role_code") REFERENCES "tenant_roles" ("tenant_id", "code") ON DELETE CASCADE
) STRICT;

CREATE TABLE "tenant_user" (
    "id"         TEXT NOT NULL PRIMARY KEY,
    "tenant_id"  TEXT NOT NULL,
    "user_id"    TEXT NOT NULL,
    "role_code"  TEXT NOT NULL,
    "status"     TEXT NOT NULL DEFAULT 'active' CHECK ("status" IN ('invited', 'active', 'disabled')),
    "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    UNIQUE ("tenant_id", "user_id")
) STRICT;

CREATE INDEX "tenant_user_user_id_index" ON "tenant_user" ("user_id");
