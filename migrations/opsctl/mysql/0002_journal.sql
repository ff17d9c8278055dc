-- Who changed what: one row per run of opsctl that changed this database, written before the change and completed
-- after it. A row without ended_at is a run that is still at work, or was killed. Times are UTC.

CREATE TABLE `opsctl_journal` (
    `run`          char(26)     NOT NULL,
    `command`      varchar(64)  NOT NULL,
    `context`      varchar(255) NOT NULL,
    `target`       text         NOT NULL,
    `arguments`    json         NOT NULL,
    `cwd`          text         NOT NULL,
    `reason`       text         NOT NULL,
    `user_name`    varchar(255) NOT NULL,
    `claimed_user` varchar(255) NULL DEFAULT NULL,
    `sudo_user`    varchar(255) NULL DEFAULT NULL,
    `from_host`    varchar(255) NULL DEFAULT NULL,
    `host`         varchar(255) NOT NULL,
    `version`      varchar(64)  NOT NULL,
    `begun_at`     datetime(3)  NOT NULL,
    `ended_at`     datetime(3)  NULL DEFAULT NULL,
    `exit_code`    smallint     NULL DEFAULT NULL,
    `counts`       json         NULL DEFAULT NULL,
    `error`        text         NULL DEFAULT NULL,
    `took_ms`      bigint       NULL DEFAULT NULL,
    PRIMARY KEY (`run`),
    KEY `opsctl_journal_begun_at_run_index` (`begun_at`, `run`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
