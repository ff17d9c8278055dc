-- Runs of the schedule: one row for each entry and minute, which is how one host of many takes it. While a run is at
-- work its entry stands in live_key, which no other row may have; the run holds it until lease_until. Times are UTC.

CREATE TABLE "opsctl_schedule_runs" (
    "entry"       varchar(191) NOT NULL,
    "due_at"      datetime     NOT NULL,
    "run"         char(26)     NOT NULL,
    "status"      varchar(16)  NOT NULL,
    "live_key"    varchar(191),
    "tries"       integer      NOT NULL,
    "host"        varchar(255) NOT NULL,
    "pid"         bigint       NOT NULL,
    "claimed_at"  datetime     NOT NULL,
    "lease_until" datetime     NOT NULL,
    "ended_at"    datetime,
    "exit_code"   integer,
    "why"         text,
    PRIMARY KEY ("entry", "due_at")
);

CREATE UNIQUE INDEX "opsctl_schedule_runs_live_key_unique" ON "opsctl_schedule_runs" ("live_key");
