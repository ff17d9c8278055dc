-- Which clusters there are, what the last looks at them found, and what was done to their schemas. A cluster that is
-- named in an opsctl.toml or by a query has rows in the last two only. Credentials are references (`env:NAME`,
-- `file:PATH`), never secrets; `url` holds no password. Times are UTC, runs are those of the journal.

CREATE TABLE "opsctl_clusters" (
    "name"            varchar(64)   NOT NULL,
    "url"             varchar(1024) NOT NULL,
    "secret"          varchar(255),
    "operator_user"   varchar(128),
    "operator_secret" varchar(255),
    "owner_user"      varchar(128),
    "owner_secret"    varchar(255),
    "region"          varchar(64),
    "status"          varchar(16)   NOT NULL,
    "capacity"        integer,
    "created_at"      datetime      NOT NULL,
    "updated_at"      datetime      NOT NULL,
    PRIMARY KEY ("name"),
    CONSTRAINT "opsctl_clusters_status_check" CHECK ("status" IN ('pending', 'active', 'draining', 'read_only', 'offline', 'retired'))
);

CREATE TABLE "opsctl_cluster_probes" (
    "cluster"     varchar(64)  NOT NULL,
    "run"         char(26)     NOT NULL,
    "probed_at"   datetime     NOT NULL,
    "verdict"     varchar(16)  NOT NULL,
    "stage"       varchar(16),
    "took_ms"     bigint       NOT NULL,
    "server"      varchar(128),
    "head"        bigint,
    "pending"     integer,
    "unprotected" integer,
    "report"      text         NOT NULL,
    PRIMARY KEY ("cluster", "run"),
    CONSTRAINT "opsctl_cluster_probes_verdict_check" CHECK ("verdict" IN ('ok', 'degraded', 'failed'))
);

CREATE TABLE "opsctl_cluster_migrations" (
    "cluster"      varchar(64) NOT NULL,
    "run"          char(26)    NOT NULL,
    "record_table" varchar(64) NOT NULL,
    "outcome"      varchar(16) NOT NULL,
    "head"         bigint,
    "applied"      integer     NOT NULL,
    "pending"      integer,
    "error"        text,
    "begun_at"     datetime    NOT NULL,
    "ended_at"     datetime,
    "took_ms"      bigint,
    PRIMARY KEY ("cluster", "run")
);
