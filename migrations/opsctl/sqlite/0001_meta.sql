-- Facts opsctl keeps about its own installation, one row per name.

CREATE TABLE "opsctl_meta" (
    "name"       varchar(64) NOT NULL,
    "value"      text        NOT NULL,
    "created_at" datetime    NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY ("name")
);
