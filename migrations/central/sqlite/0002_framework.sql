-- Database queue, failed jobs, cache, cache locks and the application's migration log.

CREATE TABLE "jobs" (
    "id"           integer PRIMARY KEY AUTOINCREMENT NOT NULL,
    "queue"        varchar NOT NULL,
    "payload"      text    NOT NULL,
    "attempts"     integer NOT NULL,
    "reserved_at"  integer,
    "available_at" integer NOT NULL,
    "created_at"   integer NOT NULL
);

CREATE INDEX "jobs_queue_index" ON "jobs" ("queue");

CREATE TABLE "failed_jobs" (
    "id"         integer  PRIMARY KEY AUTOINCREMENT NOT NULL,
    "uuid"       varchar  NOT NULL,
    "connection" text     NOT NULL,
    "queue"      text     NOT NULL,
    "payload"    text     NOT NULL,
    "exception"  text     NOT NULL,
    "failed_at"  datetime NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE UNIQUE INDEX "failed_jobs_uuid_unique" ON "failed_jobs" ("uuid");

CREATE TABLE "cache" (
    "key"        varchar NOT NULL,
    "value"      text    NOT NULL,
    "expiration" integer NOT NULL,
    PRIMARY KEY ("key")
);

CREATE TABLE "cache_locks" (
    "key"        varchar NOT NULL,
    "owner"      varchar NOT NULL,
    "expiration" integer NOT NULL,
    PRIMARY KEY ("key")
);

CREATE TABLE "migrations" (
    "id"        integer PRIMARY KEY AUTOINCREMENT NOT NULL,
    "migration" varchar NOT NULL,
    "batch"     integer NOT NULL
);
