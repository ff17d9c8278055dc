-- Which clusters there are, what the last looks at them found, and what was done to their schemas. A cluster that is
-- named in an opsctl.toml or by a query has rows in the last two only. Credentials are references (`env:NAME`,
-- `file:PATH`), never secrets; `url` holds no password. Times are UTC, runs are those of the journal.

CREATE TABLE `opsctl_clusters` (
    `name`            varchar(64)   NOT NULL,
    `url`             varchar(1024) NOT NULL,
    `secret`          varchar(255)  NULL DEFAULT NULL,
    `operator_user`   varchar(128)  NULL DEFAULT NULL,
    `operator_secret` varchar(255)  NULL DEFAULT NULL,
    `owner_user`      varchar(128)  NULL DEFAULT NULL,
    `owner_secret`    varchar(255)  NULL DEFAULT NULL,
    `region`          varchar(64)   NULL DEFAULT NULL,
    `status`          varchar(16)   NOT NULL,
    `capacity`        integer       NULL DEFAULT NULL,
    `created_at`      datetime(3)   NOT NULL,
    `updated_at`      datetime(3)   NOT NULL,
    PRIMARY KEY (`name`),
    CONSTRAINT `opsctl_clusters_status_check` CHECK (`status` IN ('pending', 'active', 'draining', 'read_only', 'offline', 'retired'))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `opsctl_cluster_probes` (
    `cluster`     varchar(64)  NOT NULL,
    `run`         char(26)     NOT NULL,
    `probed_at`   datetime(3)  NOT NULL,
    `verdict`     varchar(16)  NOT NULL,
    `stage`       varchar(16)  NULL DEFAULT NULL,
    `took_ms`     bigint       NOT NULL,
    `server`      varchar(128) NULL DEFAULT NULL,
    `head`        bigint       NULL DEFAULT NULL,
    `pending`     integer      NULL DEFAULT NULL,
    `unprotected` integer      NULL DEFAULT NULL,
    `report`      json         NOT NULL,
    PRIMARY KEY (`cluster`, `run`),
    CONSTRAINT `opsctl_cluster_probes_verdict_check` CHECK (`verdict` IN ('ok', 'degraded', 'failed'))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `opsctl_cluster_migrations` (
    `cluster`      varchar(64) NOT NULL,
    `run`          char(26)    NOT NULL,
    `record_table` varchar(64) NOT NULL,
    `outcome`      varchar(16) NOT NULL,
    `head`         bigint      NULL DEFAULT NULL,
    `applied`      integer     NOT NULL,
    `pending`      integer     NULL DEFAULT NULL,
    `error`        text        NULL DEFAULT NULL,
    `begun_at`     datetime(3) NOT NULL,
    `ended_at`     datetime(3) NULL DEFAULT NULL,
    `took_ms`      bigint      NULL DEFAULT NULL,
    PRIMARY KEY (`cluster`, `run`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
