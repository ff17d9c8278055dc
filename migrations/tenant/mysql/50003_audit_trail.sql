-- What a tenant's users did.

CREATE TABLE `tenant_audit_trail` (
    `id`            bigint      NOT NULL AUTO_INCREMENT,
    `tenant_id`     char(36)    NOT NULL,
    `actor_user_id` char(36)    NULL DEFAULT NULL,
    `action`        varchar(96) NOT NULL,
    `entity`        varchar(96) NOT NULL,
    `entity_id`     varchar(64) NULL DEFAULT NULL,
    `request_id`    varchar(64) NULL DEFAULT NULL,
    `changes`       json        NOT NULL,
    `occurred_at`   datetime(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
    PRIMARY KEY (`id`),
    KEY `tenant_audit_trail_tenant_id_occurred_at_index` (`tenant_id`, `occurred_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TRIGGER `tenant_audit_trail_guard_insert` BEFORE INSERT ON `tenant_audit_trail` FOR EACH ROW
BEGIN
    CALL app_require_tenant(COALESCE(NULLIF(NEW.`tenant_id`, ''), app_current_tenant()));
    SET NEW.`tenant_id` = app_current_tenant();
END;

CREATE TRIGGER `tenant_audit_trail_guard_update` BEFORE UPDATE ON `tenant_audit_trail` FOR EACH ROW
BEGIN
    CALL app_require_tenant(OLD.`tenant_id`);
    CALL app_require_tenant(NEW.`tenant_id`);
END;

CREATE TRIGGER `tenant_audit_trail_guard_delete` BEFORE DELETE ON `tenant_audit_trail` FOR EACH ROW
    CALL app_require_tenant(OLD.`tenant_id`);

CREATE OR REPLACE SQL SECURITY DEFINER VIEW `v_tenant_audit_trail` AS
    SELECT * FROM `tenant_audit_trail` WHERE `tenant_id` = app_current_tenant()
    WITH CASCADED CHECK OPTION;
