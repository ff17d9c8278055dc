-- What a tenant's users did.

CREATE TABLE tenant_audit_trail (
    id            bigint      GENERATED ALWAYS AS IDENTITY,
    tenant_id     uuid        NOT NULL DEFAULT app_current_tenant(),
    actor_user_id uuid,
    action        varchar(96) NOT NULL,
    entity        varchar(96) NOT NULL,
    entity_id     varchar(64),
    request_id    varchar(64),
    changes       jsonb       NOT NULL DEFAULT '{}',
    occurred_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tenant_audit_trail_pkey PRIMARY KEY (id)
);

CREATE INDEX tenant_audit_trail_tenant_id_occurred_at_index ON tenant_audit_trail (tenant_id, occurred_at DESC);

ALTER TABLE tenant_audit_trail ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenant_audit_trail FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_audit_trail_tenant_isolation ON tenant_audit_trail FOR ALL
    USING (tenant_id = (SELECT app_current_tenant()))
    WITH CHECK (tenant_id = (SELECT app_current_tenant()));
