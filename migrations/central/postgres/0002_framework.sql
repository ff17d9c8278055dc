-- Database queue, failed jobs, cache, cache locks and the application's migration log.

CREATE TABLE jobs (
    id           bigserial    NOT NULL,
    queue        varchar(255) NOT NULL,
    payload      text         NOT NULL,
    attempts     smallint     NOT NULL,
    reserved_at  integer,
    available_at integer      NOT NULL,
    created_at   integer      NOT NULL,
    CONSTRAINT jobs_pkey PRIMARY KEY (id)
);

CREATE INDEX jobs_queue_index ON jobs (queue);

CREATE TABLE failed_jobs (
    id         bigserial    NOT NULL,
    uuid       varchar(255) NOT NULL,
    connection text         NOT NULL,
    queue      text         NOT NULL,
    payload    text         NOT NULL,
    exception  text         NOT NULL,
    failed_at  timestamp(0) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT failed_jobs_pkey PRIMARY KEY (id),
    CONSTRAINT failed_jobs_uuid_unique UNIQUE (uuid)
);

CREATE TABLE cache (
    key        varchar(255) NOT NULL,
    value      text         NOT NULL,
    expiration integer      NOT NULL,
    CONSTRAINT cache_pkey PRIMARY KEY (key)
);

CREATE TABLE cache_locks (
    key        varchar(255) NOT NULL,
    owner      varchar(255) NOT NULL,
    expiration integer      NOT NULL,
    CONSTRAINT cache_locks_pkey PRIMARY KEY (key)
);

CREATE TABLE migrations (
    id        serial       NOT NULL,
    migration varchar(255) NOT NULL,
    batch     integer      NOT NULL,
    CONSTRAINT migrations_pkey PRIMARY KEY (id)
);
