-- A tenant's taxonomies, and the functions by which every policy asks which tenant and user a transaction is for.
--
-- Without a tenant there is nothing to see and nothing can be written: a variable that was set in an earlier
-- transaction reads as '' afterwards, and NULL equals nothing. A tenant that is no uuid is an error.

CREATE OR REPLACE FUNCTION app_current_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(pg_catalog.current_setting('app.tenant_id', true), '')::pg_catalog.uuid $$;

CREATE OR REPLACE FUNCTION app_current_user() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(pg_catalog.current_setting('app.user_id', true), '')::pg_catalog.uuid $$;

CREATE TABLE taxonomies (
    id                    uuid         NOT NULL DEFAULT gen_random_uuid(),
    tenant_id             uuid         NOT NULL DEFAULT app_current_tenant(),
    master_id             uuid,
    type                  varchar(64)  NOT NULL,
    code                  varchar(64)  NOT NULL,
    name                  varchar(255) NOT NULL,
    parent_id             uuid,
    sort_order            integer      NOT NULL DEFAULT 0,
    is_active             boolean      NOT NULL DEFAULT true,
    is_system             boolean      NOT NULL DEFAULT false,
    source_version        integer,
    source_checksum       char(64),
    modified_by_tenant_at timestamptz,
    created_at            timestamptz  NOT NULL DEFAULT now(),
    updated_at            timestamptz  NOT NULL DEFAULT now(),
    deleted_at            timestamptz,
    CONSTRAINT taxonomies_pkey PRIMARY KEY (id),
    CONSTRAINT taxonomies_tenant_id_id_unique UNIQUE (tenant_id, id),
    CONSTRAINT taxonomies_tenant_id_type_code_unique UNIQUE (tenant_id, type, code),
    -- Foreign keys are checked without row-level security: the tenant must be part of them.
    CONSTRAINT taxonomies_tenant_id_parent_id_foreign
        FOREIGN KEY (tenant_id, parent_id) REFERENCES taxonomies (tenant_id, id)
);

CREATE INDEX taxonomies_tenant_id_type_sort_order_index ON taxonomies (tenant_id, type, sort_order);

ALTER TABLE taxonomies ENABLE ROW LEVEL SECURITY;
-- The tables' owner is bound, too.
ALTER TABLE taxonomies FORCE ROW LEVEL SECURITY;

-- The function stands in a subquery, so that it is asked once per statement and not once per row.
CREATE POLICY taxonomies_tenant_isolation ON taxonomies FOR ALL
    USING (tenant_id = (SELECT app_current_tenant()))
    WITH CHECK (tenant_id = (SELECT app_current_tenant()));
