-- Who changed what: one row per run of opsctl that changed this database, written before the change and completed
-- after it. A row without ended_at is a run that is still at work, or was killed. Times are UTC.

CREATE TABLE "opsctl_journal" (
    "run"          char(26)     NOT NULL,
    "command"      varchar(64)  NOT NULL,
    "context"      varchar(255) NOT NULL,
    "target"       text         NOT NULL,
    "arguments"    text         NOT NULL,
    "cwd"          text         NOT NULL,
    "reason"       text         NOT NULL,
    "user_name"    varchar(255) NOT NULL,
    "claimed_user" varchar(255),
    "sudo_user"    varchar(255),
    "from_host"    varchar(255),
    "host"         varchar(255) NOT NULL,
    "version"      varchar(64)  NOT NULL,
    "begun_at"     datetime     NOT NULL,
    "ended_at"     datetime,
    "exit_code"    smallint,
    "counts"       text,
    "error"        text,
    "took_ms"      bigint,
    PRIMARY KEY ("run")
);

CREATE INDEX "opsctl_journal_begun_at_run_index" ON "opsctl_journal" ("begun_at", "run");
