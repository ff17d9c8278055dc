-- Database queue, failed jobs, cache, cache locks and the application's migration log.

CREATE TABLE `jobs` (
    `id`           bigint unsigned  NOT NULL AUTO_INCREMENT,
    `queue`        varchar(255)     NOT NULL,
    `payload`      longtext         NOT NULL,
    `attempts`     tinyint unsigned NOT NULL,
    `reserved_at`  int unsigned     NULL DEFAULT NULL,
    `available_at` int unsigned     NOT NULL,
    `created_at`   int unsigned     NOT NULL,
    PRIMARY KEY (`id`),
    KEY `jobs_queue_index` (`queue`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `failed_jobs` (
    `id`         bigint unsigned NOT NULL AUTO_INCREMENT,
    `uuid`       varchar(255)    NOT NULL,
    `connection` text            NOT NULL,
    `queue`      text            NOT NULL,
    `payload`    longtext        NOT NULL,
    `exception`  longtext        NOT NULL,
    `failed_at`  timestamp       NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (`id`),
    UNIQUE KEY `failed_jobs_uuid_unique` (`uuid`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `cache` (
    `key`        varchar(255) NOT NULL,
    `value`      mediumtext   NOT NULL,
    `expiration` int          NOT NULL,
    PRIMARY KEY (`key`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `cache_locks` (
    `key`        varchar(255) NOT NULL,
    `owner`      varchar(255) NOT NULL,
    `expiration` int          NOT NULL,
    PRIMARY KEY (`key`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE `migrations` (
    `id`        int unsigned NOT NULL AUTO_INCREMENT,
    `migration` varchar(255) NOT NULL,
    `batch`     int          NOT NULL,
    PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
