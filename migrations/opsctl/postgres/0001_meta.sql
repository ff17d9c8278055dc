-- Facts opsctl keeps about its own installation, one row per name.

CREATE TABLE opsctl_meta (
    name       varchar(64)  NOT NULL PRIMARY KEY,
    value      text         NOT NULL,
    created_at timestamp(0) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
