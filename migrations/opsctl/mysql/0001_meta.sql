-- Facts opsctl keeps about its own installation, one row per name.

CREATE TABLE `opsctl_meta` (
    `name`       varchar(64)  NOT NULL,
    `value`      varchar(255) NOT NULL,
    `created_at` timestamp    NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
