-- A tenant's taxonomies, and the functions behind every guard.
--
-- There is no row-level security here. The tenant is the connection's variable @app_tenant_id; the application reads
-- and writes through the view, which shows the tenant's rows alone, and has no rights on the table. Triggers refuse to
-- write other tenants' rows, whoever writes.

-- The variable does not change within a statement; only a deterministic function may use an index.
DROP FUNCTION IF EXISTS app_current_tenant;
CREATE FUNCTION app_current_tenant() RETURNS char(36) CHARSET utf8mb4 COLLATE utf8mb4_unicode_ci
    DETERMINISTIC NO SQL
    RETURN NULLIF(@app_tenant_id, '');

-- Refuses a row that is not the present tenant's. A procedure, because DO would pass over the error of a function.
DROP PROCEDURE IF EXISTS app_require_tenant;
CREATE PROCEDURE app_require_tenant(tenant char(36) CHARSET utf8mb4 COLLATE utf8mb4_unicode_ci) NO SQL
BEGIN
    IF tenant IS NULL OR NOT (tenant <=> app_current_tenant()) THEN
        SIGNAL SQLSTATE '42501' SET MESSAGE_TEXT = 'tenant context mismatch';
    END IF;
END;

CREATE TABLE `taxonomies` (
    `id`                    char(36)     NOT NULL,
    `tenant_id`             char(36)     NOT NULL,
    `master_id`             char(36)     NULL DEFAULT NULL,
    `type`                  varchar(64)  NOT NULL,
    `code`                  varchar(64)  NOT NULL,
    `name`                  varchar(255) NOT NULL,
    `parent_id`             char(36)     NULL DEFAULT NULL,
    `sort_order`            int          NOT NULL DEFAULT 0,
    `is_active`             tinyint(1)   NOT NULL DEFAULT 1,
    `is_system`             tinyint(1)   NOT NULL DEFAULT 0,
    `source_version`        int          NULL DEFAULT NULL,
    `source_checksum`       char(64)     NULL DEFAULT NULL,
    `modified_by_tenant_at` datetime(6)  NULL DEFAULT NULL,
    `created_at`            datetime(6)  NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    `updated_at`            datetime(6)  NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    `deleted_at`            datetime(6)  NULL DEFAULT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `taxonomies_tenant_id_id_unique` (`tenant_id`, `id`),
    UNIQUE KEY `taxonomies_tenant_id_type_code_unique` (`tenant_id`, `type`, `code`),
    KEY `taxonomies_tenant_id_type_sort_order_index` (`tenant_id`, `type`, `sort_order`),
    CONSTRAINT `taxonomies_tenant_id_parent_id_foreign`
        FOREIGN KEY (`tenant_id`, `parent_id`) REFERENCES `taxonomies` (`tenant_id`, `id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TRIGGER `taxonomies_guard_insert` BEFORE INSERT ON `taxonomies` FOR EACH ROW
BEGIN
    CALL app_require_tenant(COALESCE(NULLIF(NEW.`tenant_id`, ''), app_current_tenant()));
    SET NEW.`tenant_id` = app_current_tenant();
END;

CREATE TRIGGER `taxonomies_guard_update` BEFORE UPDATE ON `taxonomies` FOR EACH ROW
BEGIN
    CALL app_require_tenant(OLD.`tenant_id`);
    CALL app_require_tenant(NEW.`tenant_id`);
END;

CREATE TRIGGER `taxonomies_guard_delete` BEFORE DELETE ON `taxonomies` FOR EACH ROW
    CALL app_require_tenant(OLD.`tenant_id`);

CREATE OR REPLACE SQL SECURITY DEFINER VIEW `v_taxonomies` AS
    SELECT * FROM `taxonomies` WHERE `tenant_id` = app_current_tenant()
    WITH CASCADED CHECK OPTION;
