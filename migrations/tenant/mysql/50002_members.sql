-- A tenant's roles, what they permit, and its members.

CREATE TABLE `tenant_roles` (
    `tenant_id`             char(36)     NOT NULL,
    `code`                  varchar(64)  NOT NULL,
    `name`                  varchar(255) NOT NULL,
    `is_system`             tinyint(1)   NOT NULL DEFAULT 0,
    `source_version`        int          NULL DEFAULT NULL,
    `source_checksum`       char(64)     NULL DEFAULT NULL,
    `modified_by_tenant_at` datetime(6)  NULL DEFAULT NULL,
    `created_at`            datetime(6)  NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    `updated_at`            datetime(6)  NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    PRIMARY KEY (`tenant_id`, `code`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TRIGGER `tenant_roles_guard_insert` BEFORE INSERT ON `tenant_roles` FOR EACH ROW
BEGIN
    CALL app_require_tenant(COALESCE(NULLIF(NEW.`tenant_id`, ''), app_current_tenant()));
    SET NEW.`tenant_id` = app_current_tenant();
END;

CREATE TRIGGER `tenant_roles_guard_update` BEFORE UPDATE ON `tenant_roles` FOR EACH ROW
BEGIN
    CALL app_require_tenant(OLD.`tenant_id`);
    CALL app_require_tenant(NEW.`tenant_id`);
END;

CREATE TRIGGER `tenant_roles_guard_delete` BEFORE DELETE ON `tenant_roles` FOR EACH ROW
    CALL app_require_tenant(OLD.`tenant_id`);

CREATE OR REPLACE SQL SECURITY DEFINER VIEW `v_tenant_roles` AS
    SELECT * FROM `tenant_roles` WHERE `tenant_id` = app_current_tenant()
    WITH CASCADED CHECK OPTION;

CREATE TABLE `tenant_role_permissions` (
    `tenant_id`  char(36)    NOT NULL,
    `role_code`  varchar(64) NOT NULL,
    `permission` varchar(96) NOT NULL,
    `created_at` datetime(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    PRIMARY KEY (`tenant_id`, `role_code`, `permission`),
    CONSTRAINT `tenant_role_permissions_tenant_id_role_code_foreign`
        FOREIGN KEY (`tenant_id`, `role_code`) REFERENCES `tenant_roles` (`tenant_id`, `code`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TRIGGER `tenant_role_permissions_guard_insert` BEFORE INSERT ON `tenant_role_permissions` FOR EACH ROW
BEGIN
    CALL app_require_tenant(COALESCE(NULLIF(NEW.`tenant_id`, ''), app_current_tenant()));
    SET NEW.`tenant_id` = app_current_tenant();
END;

CREATE TRIGGER `tenant_role_permissions_guard_update` BEFORE UPDATE ON `tenant_role_permissions` FOR EACH ROW
BEGIN
    CALL app_require_tenant(OLD.`tenant_id`);
    CALL app_require_tenant(NEW.`tenant_id`);
END;

CREATE TRIGGER `tenant_role_permissions_guard_delete` BEFORE DELETE ON `tenant_role_permissions` FOR EACH ROW
    CALL app_require_tenant(OLD.`tenant_id`);

CREATE OR REPLACE SQL SECURITY DEFINER VIEW `v_tenant_role_permissions` AS
    SELECT * FROM `tenant_role_permissions` WHERE `tenant_id` = app_current_tenant()
    WITH CASCADED CHECK OPTION;

CREATE TABLE `tenant_user` (
    `id`         char(36)    NOT NULL,
    `tenant_id`  char(36)    NOT NULL,
    `user_id`    char(36)    NOT NULL,
    `role_code`  varchar(64) NOT NULL,
    `status`     varchar(16) NOT NULL DEFAULT 'active',
    `created_at` datetime(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    PRIMARY KEY (`id`),
    UNIQUE KEY `tenant_user_tenant_id_user_id_unique` (`tenant_id`, `user_id`),
    KEY `tenant_user_user_id_index` (`user_id`),
    CONSTRAINT `tenant_user_status_check` CHECK (`status` IN ('invited', 'active', 'disabled'))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TRIGGER `tenant_user_guard_insert` BEFORE INSERT ON `tenant_user` FOR EACH ROW
BEGIN
    CALL app_require_tenant(COALESCE(NULLIF(NEW.`tenant_id`, ''), app_current_tenant()));
    SET NEW.`tenant_id` = app_current_tenant();
END;

CREATE TRIGGER `tenant_user_guard_update` BEFORE UPDATE ON `tenant_user` FOR EACH ROW
BEGIN
    CALL app_require_tenant(OLD.`tenant_id`);
    CALL app_require_tenant(NEW.`tenant_id`);
END;

CREATE TRIGGER `tenant_user_guard_delete` BEFORE DELETE ON `tenant_user` FOR EACH ROW
    CALL app_require_tenant(OLD.`tenant_id`);

CREATE OR REPLACE SQL SECURITY DEFINER VIEW `v_tenant_user` AS
    SELECT * FROM `tenant_user` WHERE `tenant_id` = app_current_tenant()
    WITH CASCADED CHECK OPTION;
