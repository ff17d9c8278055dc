-- Which tenants there are and where they live, how they were provisioned, and the master rows that every tenant gets
-- a copy of. `live_key` holds the tenant while a run is live and NULL afterwards: at most one is. Times are UTC.

CREATE TABLE opsctl_tenants (
    id             varchar(64)  NOT NULL,
    slug           varchar(64)  NOT NULL,
    name           varchar(255) NOT NULL,
    cluster        varchar(64)  NOT NULL,
    status         varchar(24)  NOT NULL,
    owner_user_id  varchar(64),
    locale         varchar(8)   NOT NULL,
    timezone       varchar(64)  NOT NULL,
    provisioned_at timestamp(3),
    created_at     timestamp(3) NOT NULL,
    updated_at     timestamp(3) NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT opsctl_tenants_slug_unique UNIQUE (slug),
    CONSTRAINT opsctl_tenants_status_check CHECK (status IN ('pending', 'provisioning', 'active', 'provisioning_failed', 'suspended', 'archived'))
);

CREATE INDEX opsctl_tenants_cluster_status_index ON opsctl_tenants (cluster, status);

CREATE TABLE opsctl_provisioning_runs (
    id              char(26)     NOT NULL,
    tenant          varchar(64)  NOT NULL,
    cluster         varchar(64)  NOT NULL,
    live_key        varchar(64),
    status          varchar(16)  NOT NULL,
    scope           varchar(255),
    attempt         integer      NOT NULL,
    requested_by    varchar(255) NOT NULL,
    host            varchar(255) NOT NULL,
    pid             integer      NOT NULL,
    created_count   integer      NOT NULL DEFAULT 0,
    updated_count   integer      NOT NULL DEFAULT 0,
    unchanged_count integer      NOT NULL DEFAULT 0,
    skipped_count   integer      NOT NULL DEFAULT 0,
    log_key         varchar(96),
    error           text,
    started_at      timestamp(3) NOT NULL,
    heartbeat_at    timestamp(3) NOT NULL,
    finished_at     timestamp(3),
    PRIMARY KEY (id),
    CONSTRAINT opsctl_provisioning_runs_live_key_unique UNIQUE (live_key),
    CONSTRAINT opsctl_provisioning_runs_status_check CHECK (status IN ('running', 'succeeded', 'partial', 'failed', 'cancelled'))
);

CREATE INDEX opsctl_provisioning_runs_tenant_id_index ON opsctl_provisioning_runs (tenant, id);

CREATE TABLE opsctl_provisioning_steps (
    run             char(26)     NOT NULL,
    seq             smallint     NOT NULL,
    provisioner     varchar(64)  NOT NULL,
    status          varchar(16)  NOT NULL,
    created_count   integer      NOT NULL DEFAULT 0,
    updated_count   integer      NOT NULL DEFAULT 0,
    unchanged_count integer      NOT NULL DEFAULT 0,
    skipped_count   integer      NOT NULL DEFAULT 0,
    log_key         varchar(96),
    error           text,
    input_checksum  char(64),
    started_at      timestamp(3),
    finished_at     timestamp(3),
    PRIMARY KEY (run, seq),
    CONSTRAINT opsctl_provisioning_steps_run_provisioner_unique UNIQUE (run, provisioner),
    CONSTRAINT opsctl_provisioning_steps_status_check CHECK (status IN ('pending', 'running', 'succeeded', 'failed', 'skipped'))
);

CREATE TABLE opsctl_master_taxonomies (
    id          varchar(36)  NOT NULL,
    type        varchar(64)  NOT NULL,
    code        varchar(64)  NOT NULL,
    name        varchar(255) NOT NULL,
    parent_code varchar(64),
    sort_order  integer      NOT NULL DEFAULT 0,
    is_active   smallint     NOT NULL DEFAULT 1,
    version     integer      NOT NULL DEFAULT 1,
    checksum    char(64)     NOT NULL,
    created_at  timestamp(3) NOT NULL,
    updated_at  timestamp(3) NOT NULL,
    PRIMARY KEY (type, code),
    CONSTRAINT opsctl_master_taxonomies_id_unique UNIQUE (id)
);
