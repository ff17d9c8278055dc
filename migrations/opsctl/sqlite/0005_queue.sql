-- Failed jobs that went back to their queue: written with the push, in one transaction with the failed job's end.
-- A job that fails again has the same uuid, and a row for each time. Times are UTC.

CREATE TABLE "opsctl_retried_jobs" (
    "id"         integer      PRIMARY KEY AUTOINCREMENT NOT NULL,
    "uuid"       varchar(255) NOT NULL,
    "failed_row" bigint       NOT NULL,
    "class"      varchar(255) NOT NULL,
    "connection" varchar(255) NOT NULL,
    "queue"      varchar(255) NOT NULL,
    "exception"  text         NOT NULL,
    "failed_at"  datetime,
    "retried_at" datetime     NOT NULL,
    "run"        char(26)     NOT NULL
);

CREATE INDEX "opsctl_retried_jobs_uuid_index" ON "opsctl_retried_jobs" ("uuid");
CREATE INDEX "opsctl_retried_jobs_failed_row_index" ON "opsctl_retried_jobs" ("failed_row");
