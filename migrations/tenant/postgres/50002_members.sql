-- A tenant's roles, what they permit, and its members.

CREATE TABLE tenant_roles (
    tenant_id             uuid         NOT NULL DEFAULT app_current_tenant(),
    code                  varchar(64)  NOT NULL,
    name                  varchar(255) NOT NULL,
    is_system             boolean      NOT NULL DEFAULT false,
    source_version        integer,
    source_checksum       char(64),
    modified_by_tenant_at timestamptz,
    created_at            timestamptz  NOT NULL DEFAULT now(),
    updated_at            timestamptz  NOT NULL DEFAULT now(),
    CONSTRAINT tenant_roles_pkey PRIMARY KEY (tenant_id, code)
);

CREATE TABLE tenant_role_permissions (
    tenant_id  uuid        NOT NULL DEFAULT app_current_tenant(),
    role_code  varchar(64) NOT NULL,
    permission varchar(96) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tenant_role_permissions_pkey PRIMARY KEY (tenant_id, role_code, permission),
    CONSTRAINT tenant_role_permissions_tenant_id_role_code_foreign
        FOREIGN KEY (tenant_id, role_code) REFERENCES tenant_roles (tenant_id, code) ON DELETE CASCADE
);

CREATE TABLE tenant_user (
    id         uuid        NOT NULL DEFAULT gen_random_uuid(),
    tenant_id  uuid        NOT NULL DEFAULT app_current_tenant(),
    user_id    uuid        NOT NULL,
    role_code  varchar(64) NOT NULL,
    status     varchar(16) NOT NULL DEFAULT 'active',
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tenant_user_pkey PRIMARY KEY (id),
    CONSTRAINT tenant_user_tenant_id_user_id_unique UNIQUE (tenant_id, user_id),
    CONSTRAINT tenant_user_status_check CHECK (status IN ('invited', 'active', 'disabled'))
);

CREATE INDEX tenant_user_user_id_index ON tenant_user (user_id);

ALTER TABLE tenant_roles ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenant_roles FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_roles_tenant_isolation ON tenant_roles FOR ALL
    USING (tenant_id = (SELECT app_current_tenant()))
    WITH CHECK (tenant_id = (SELECT app_current_tenant()));

ALTER TABLE tenant_role_permissions ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenant_role_permissions FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_role_permissions_tenant_isolation ON tenant_role_permissions FOR ALL
    USING (tenant_id = (SELECT app_current_tenant()))
    WITH CHECK (tenant_id = (SELECT app_current_tenant()));

ALTER TABLE tenant_user ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenant_user FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_user_tenant_isolation ON tenant_user FOR ALL
    USING (tenant_id = (SELECT app_current_tenant()))
    WITH CHECK (tenant_id = (SELECT app_current_tenant()));

-- Users may list their own memberships before they choose a tenant. Permissive policies add up: inside a tenant this
-- one would show the user's rows of other tenants, were it not for its second condition.
CREATE POLICY tenant_user_owner_access ON tenant_user FOR SELECT
    USING (user_id = (SELECT app_current_user()) AND (SELECT app_current_tenant()) IS NULL);
