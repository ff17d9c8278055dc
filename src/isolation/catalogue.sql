-- Everything that decides which rows the connected role may see and write, as one document: one round trip.
-- pg_catalog is readable by every role, so the application's own role can ask.
WITH RECURSIVE asked AS MATERIALIZED (
    SELECT ?::text AS tenant_column, r.oid AS me, r.rolname, r.rolsuper, r.rolbypassrls, r.rolcreaterole,
           r.rolreplication
    FROM pg_roles r WHERE r.rolname = current_user
),
tenant AS MATERIALIZED (
    SELECT c.oid, n.nspname, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relowner,
           EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid) AS is_child,
           a.attnum, a.attnotnull, format_type(a.atttypid, NULL) AS type, pg_table_is_visible(c.oid) AS visible
    FROM asked
    JOIN pg_attribute a ON a.attname = asked.tenant_column AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname !~ '^(pg_|information_schema$)'
),
policy AS MATERIALIZED (
    SELECT p.oid, p.polrelid, p.polname, p.polpermissive, p.polcmd, ARRAY(
               SELECT CASE r.oid WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r.oid)) END
               FROM unnest(p.polroles) AS r(oid)
           ) AS roles,
           p.polroles = '{0}' OR EXISTS (
               SELECT FROM unnest(p.polroles) AS r(oid) WHERE r.oid <> 0 AND pg_has_role(asked.me, r.oid, 'USAGE')
           ) AS applies,
           pg_get_expr(p.polqual, p.polrelid) AS qual, pg_get_expr(p.polwithcheck, p.polrelid) AS with_check
    FROM asked, pg_policy p WHERE p.polrelid IN (SELECT oid FROM tenant)
),
own_function AS MATERIALIZED (
    SELECT f.oid, f.proname, f.prosrc, f.proowner, f.prosecdef FROM pg_proc f
    WHERE f.pronamespace IN (SELECT oid FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$)')
),
-- Functions that policies call, and those that they call by name in turn.
helper AS (
    SELECT f.oid, f.prosrc, 0 AS depth FROM own_function f WHERE f.oid IN (
        SELECT d.refobjid FROM policy p
        JOIN pg_depend d ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_proc'::regclass
    )
    UNION
    SELECT f.oid, f.prosrc, h.depth + 1 FROM helper h
    JOIN own_function f ON position(f.proname || '(' IN h.prosrc) > 0 AND f.oid <> h.oid WHERE h.depth < 3
),
-- Views, materialized views, and tables with rules, from which a tenant table is reached.
reach AS (
    -- `via` is the view or rule whose owner reads the table, also through others; none as long as who asks does.
    SELECT t.oid AS rel, t.oid AS tenant, NULL::oid AS via FROM tenant t
    UNION
    SELECT w.ev_class, reach.tenant, coalesce(reach.via, CASE
        WHEN 'security_invoker=true' = ANY(v.reloptions) OR 'security_invoker=on' = ANY(v.reloptions) THEN NULL
        ELSE v.oid END)
    FROM reach
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = reach.rel
                    AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite w ON w.oid = d.objid JOIN pg_class v ON v.oid = w.ev_class
),
-- Who was given rights on a relation that the connected role has with them, as REVOKE names them.
holder AS MATERIALIZED (
    SELECT DISTINCT c.oid AS rel, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END AS name
    FROM asked, pg_class c
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attacl IS NOT NULL
    CROSS JOIN LATERAL (SELECT grantee FROM aclexplode(c.relacl) UNION ALL SELECT grantee FROM aclexplode(a.attacl)) g
    WHERE c.oid IN (SELECT rel FROM reach) AND g.grantee <> c.relowner
      AND (g.grantee = 0 OR pg_has_role(asked.me, g.grantee, 'USAGE'))
),
-- What the body of a function may name: functions, and relations from which a tenant table is reached. A name that is
-- no plain word is looked for as it stands.
nameable AS MATERIALIZED (
    SELECT f.oid, f.proname AS name, CASE WHEN f.proname ~ '^\w+$' THEN '\m' || f.proname || '"?\s*\('
                                          ELSE '***=' || f.proname END AS pattern
    FROM own_function f
    UNION ALL
    SELECT c.oid, c.relname, CASE WHEN c.relname ~ '^\w+$' THEN '\m' || c.relname || '\M' ELSE '***=' || c.relname END
    FROM pg_class c WHERE c.oid IN (SELECT rel FROM reach)
),
-- Functions with their owner's rights that the connected role may call, or make a trigger call.
entry AS MATERIALIZED (
    SELECT f.oid, f.proowner FROM asked, pg_proc f JOIN own_function o USING (oid)
    WHERE f.prosecdef
      AND CASE WHEN f.prorettype = 'trigger'::regtype
          THEN EXISTS (SELECT FROM pg_trigger g WHERE g.tgfoid = f.oid AND g.tgenabled <> 'D'
              AND (has_any_column_privilege(asked.me, g.tgrelid, 'INSERT, UPDATE')
                   OR has_table_privilege(asked.me, g.tgrelid, 'DELETE')))
          ELSE f.prorettype <> 'event_trigger'::regtype AND has_function_privilege(asked.me, f.oid, 'EXECUTE') END
),
-- What these call in turn, and as whom that works then.
acts AS (
    SELECT e.oid AS entry, e.oid, e.proowner AS role FROM entry e
    UNION
    SELECT a.entry, g.oid, CASE WHEN g.prosecdef THEN g.proowner ELSE a.role END
    FROM acts a JOIN own_function f ON f.oid = a.oid JOIN own_function g ON g.oid <> f.oid
    JOIN nameable n ON n.oid = g.oid
    WHERE (position(lower(n.name) IN lower(f.prosrc)) > 0 AND f.prosrc ~* n.pattern) OR EXISTS (
        SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.oid
                                  AND d.refclassid = 'pg_proc'::regclass AND d.refobjid = g.oid)
),
-- Whom the policies of a table do not bind.
free AS MATERIALIZED (
    SELECT r.oid AS role, t.oid AS tenant FROM tenant t, pg_roles r
    WHERE r.rolsuper OR r.rolbypassrls
       OR (NOT t.relforcerowsecurity AND pg_has_role(r.oid, t.relowner, 'USAGE'))
)
SELECT json_build_object(
    'database', current_database(),
    'version', current_setting('server_version_num')::int,
    -- Who is to own what the application must not: whoever owns most of it, else the database, else the server.
    'migrator', (
        SELECT pg_get_userbyid(o.owner) FROM asked, (
            SELECT relowner AS owner, 1 AS choice, count(*) AS n FROM tenant GROUP BY 1
            UNION ALL SELECT datdba, 2, 1 FROM pg_database WHERE datname = current_database()
            UNION ALL SELECT oid, 3, 1 FROM pg_roles WHERE rolsuper
        ) o WHERE o.owner <> asked.me ORDER BY o.choice, o.n DESC, o.owner LIMIT 1
    ),
    'role', (
        SELECT json_build_object('name', rolname, 'superuser', rolsuper, 'bypasses', rolbypassrls,
                                 'creates_roles', rolcreaterole, 'replicates', rolreplication, 'member_of', (
            SELECT coalesce(json_agg(json_build_object('name', r.rolname, 'superuser', r.rolsuper,
                                     'bypasses', r.rolbypassrls, 'built_in', r.rolname ~ '^pg_', 'through', ARRAY(
                                         SELECT d.rolname FROM pg_auth_members m JOIN pg_roles d ON d.oid = m.roleid
                                         WHERE m.member = asked.me AND (d.oid = r.oid OR pg_has_role(d.oid, r.oid, 'MEMBER')))
                                     ) ORDER BY r.rolname), '[]')
            FROM pg_roles r
            WHERE NOT asked.rolsuper AND r.oid <> asked.me
              AND (r.rolsuper OR r.rolbypassrls OR r.oid IN (SELECT relowner FROM tenant)
                   OR r.rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files',
                                    'pg_read_all_data', 'pg_write_all_data'))
              AND (pg_has_role(asked.me, r.oid, 'USAGE') OR pg_has_role(asked.me, r.oid,
                   CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END))
        )) FROM asked
    ),
    'tables', (
        SELECT coalesce(json_agg(json_build_object(
            'oid', t.oid::bigint, 'schema', t.nspname, 'name', t.relname, 'kind', t.relkind, 'enabled', t.relrowsecurity,
            'forced', t.relforcerowsecurity, 'owner', pg_get_userbyid(t.relowner),
            'is_owner', t.relowner = asked.me, 'is_child', t.is_child, 'visible', t.visible,
            'not_null', t.attnotnull, 'tenant_type', t.type,
            'holders', ARRAY(SELECT h.name FROM holder h WHERE h.rel = t.oid ORDER BY 1),
            'grants', ARRAY(
                SELECT g.word FROM unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) AS g(word)
                WHERE has_table_privilege(asked.me, t.oid, g.word)
                   OR (g.word IN ('SELECT', 'INSERT', 'UPDATE') AND has_any_column_privilege(asked.me, t.oid, g.word))
            )) ORDER BY t.nspname, t.relname), '[]')
        FROM asked, tenant t
    ),
    'policies', (
        SELECT coalesce(json_agg(json_build_object(
            'table', p.polrelid::bigint, 'name', p.polname, 'permissive', p.polpermissive, 'command', p.polcmd,
            'applies', p.applies, 'roles', p.roles, 'using', p.qual, 'check', p.with_check) ORDER BY p.polname), '[]')
        FROM policy p
    ),
    'functions', (
        SELECT coalesce(json_agg(json_build_object(
            'schema', n.nspname, 'name', f.proname, 'signature', f.oid::regprocedure::text, 'source', f.prosrc,
            'returns', format_type(f.prorettype, NULL), 'volatile', f.provolatile = 'v', 'definer', f.prosecdef,
            'is_owner', NOT asked.rolsuper AND pg_has_role(asked.me, f.proowner, 'USAGE'),
            'search_path', EXISTS (SELECT FROM unnest(f.proconfig) AS c(line) WHERE c.line LIKE 'search_path=%'),
            'may_create', NOT asked.rolsuper AND has_schema_privilege(asked.me, n.oid, 'CREATE')
        ) ORDER BY n.nspname, f.proname), '[]')
        FROM asked, pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace
        WHERE f.oid IN (SELECT oid FROM helper)
    ),
    'definers', (
        -- By the fewest others first: one line for each function and table.
        SELECT coalesce(json_agg(json_build_object(
            'signature', entry::regprocedure::text, 'owner', pg_get_userbyid(role), 'table', tenant::bigint,
            'named', named, 'through', through) ORDER BY entry::regprocedure::text, tenant::regclass::text), '[]')
        FROM (
            SELECT DISTINCT ON (entry, tenant) * FROM (
                SELECT a.entry, reached.tenant, coalesce(v.relowner, a.role) AS role, true AS named,
                       CASE WHEN reached.rel <> reached.tenant THEN c.oid::regclass::text
                            WHEN a.oid <> a.entry THEN a.oid::regprocedure::text END AS through
                FROM acts a JOIN own_function f ON f.oid = a.oid CROSS JOIN reach reached
                JOIN pg_class c ON c.oid = reached.rel LEFT JOIN pg_class v ON v.oid = reached.via
                JOIN nameable n ON n.oid = reached.rel
                WHERE ((position(lower(n.name) IN lower(f.prosrc)) > 0 AND f.prosrc ~* n.pattern) OR EXISTS (
                        SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.oid
                                                  AND d.refclassid = 'pg_class'::regclass AND d.refobjid = reached.rel))
                  AND (c.relkind = 'm' OR EXISTS (
                        SELECT FROM free WHERE free.role = coalesce(v.relowner, a.role) AND free.tenant = reached.tenant))
                UNION ALL
                SELECT a.entry, free.tenant, a.role, false,
                       CASE WHEN a.oid <> a.entry THEN a.oid::regprocedure::text END
                FROM acts a JOIN pg_proc f ON f.oid = a.oid JOIN pg_language l ON l.oid = f.prolang
                JOIN free ON free.role = a.role
                WHERE l.lanname = 'plpgsql' AND f.prosrc ~* '\mexecute\M'
            ) leak ORDER BY entry, tenant, named DESC, through NULLS FIRST
        ) leak
    ),
    'schemas', (
        SELECT coalesce(json_agg(json_build_object(
            'name', n.nspname, 'owner', pg_get_userbyid(n.nspowner),
            'by_database', pg_get_userbyid(n.nspowner) = 'pg_database_owner') ORDER BY n.nspname), '[]')
        FROM asked, pg_namespace n
        WHERE NOT asked.rolsuper AND pg_has_role(asked.me, n.nspowner, 'MEMBER') AND (
            n.nspname IN (SELECT nspname FROM tenant)
            OR n.oid IN (SELECT f.pronamespace FROM pg_proc f WHERE f.oid IN (SELECT oid FROM helper)))
    ),
    'setters', (
        SELECT coalesce(json_agg(json_build_object(
            'signature', f.oid::regprocedure::text, 'source', f.prosrc, 'definition', pg_get_functiondef(f.oid)
        ) ORDER BY f.oid::regprocedure::text), '[]')
        FROM asked, own_function o JOIN pg_proc f USING (oid)
        WHERE f.prokind IN ('f', 'p') AND f.prosrc ~* '\mset(_config)?\M'
          AND (f.prorettype IN ('trigger'::regtype, 'event_trigger'::regtype) OR has_function_privilege(asked.me, f.oid, 'EXECUTE'))
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.oid AND d.deptype = 'e')
    ),
    'relations', (
        SELECT coalesce(json_agg(json_build_object(
            'schema', n.nspname, 'name', c.relname, 'kind', c.relkind,
            'owner', pg_get_userbyid(coalesce(v.relowner, c.relowner)),
            'free', EXISTS (SELECT FROM free WHERE free.role = v.relowner AND free.tenant = reach.tenant),
            'via', reach.via::regclass::text,
            'holders', ARRAY(SELECT h.name FROM holder h WHERE h.rel = c.oid ORDER BY 1),
            'rules', ARRAY(
                SELECT w.rulename FROM pg_rewrite w WHERE w.ev_class = c.oid AND EXISTS (
                    SELECT FROM pg_depend d WHERE d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
                      AND d.refobjid <> c.oid AND d.refobjid IN (SELECT r.rel FROM reach r WHERE r.tenant = reach.tenant)
                ) ORDER BY 1),
            'granted', has_any_column_privilege(asked.me, c.oid, 'SELECT, INSERT, UPDATE')
                    OR has_table_privilege(asked.me, c.oid, 'DELETE'),
            'table', reach.tenant::bigint) ORDER BY n.nspname, c.relname), '[]')
        FROM asked, reach LEFT JOIN pg_class v ON v.oid = reach.via JOIN pg_class c ON c.oid = reach.rel JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE EXISTS (SELECT FROM pg_rewrite w WHERE w.ev_class = c.oid)
    ),
    'keys', (
        SELECT coalesce(json_agg(json_build_object(
            'table', t.oid::bigint, 'name', c.relname, 'index', c.oid::regclass::text,
            'definition', pg_get_indexdef(c.oid), 'constraint', (
                SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k
                WHERE k.conindid = c.oid AND k.conrelid = t.oid AND k.contype IN ('p', 'u', 'x')),
            'columns', ARRAY(
                SELECT coalesce(a.attname, '(expression)') FROM unnest(i.indkey) WITH ORDINALITY AS k(num, nth)
                LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.num AND k.num > 0
                WHERE k.nth <= i.indnkeyatts ORDER BY k.nth),
            'surrogate', i.indnkeyatts = 1 AND EXISTS (
                SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum = i.indkey[0]
                AND (a.atttypid = 'uuid'::regtype OR a.attidentity <> '' OR (i.indisprimary AND a.attname = 'id')
                     OR pg_get_serial_sequence(quote_ident(t.nspname) || '.' || quote_ident(t.relname), a.attname)
                        IS NOT NULL))
            ) ORDER BY c.relname), '[]')
        FROM tenant t JOIN pg_index i ON i.indrelid = t.oid AND (i.indisunique OR i.indisexclusion) JOIN pg_class c ON c.oid = i.indexrelid
        WHERE NOT t.is_child AND NOT t.attnum = ANY(i.indkey)
    ),
    'references', (
        SELECT coalesce(json_agg(json_build_object(
            'table', k.conrelid::bigint, 'name', k.conname, 'to', k.confrelid::bigint,
            'definition', pg_get_constraintdef(k.oid),
            'columns', ARRAY(SELECT p.attname FROM unnest(k.conkey) WITH ORDINALITY AS u(num, nth)
                JOIN pg_attribute p ON p.attrelid = k.conrelid AND p.attnum = u.num ORDER BY u.nth),
            'to_columns', ARRAY(SELECT p.attname FROM unnest(k.confkey) WITH ORDINALITY AS u(num, nth)
                JOIN pg_attribute p ON p.attrelid = k.confrelid AND p.attnum = u.num ORDER BY u.nth),
            'keyed', EXISTS (SELECT FROM pg_index i WHERE i.indrelid = b.oid AND i.indisunique AND i.indpred IS NULL
                AND i.indnkeyatts = cardinality(k.confkey) + 1
                AND (k.confkey || b.attnum) <@ i.indkey::int2[])) ORDER BY k.conname), '[]')
        FROM pg_constraint k JOIN tenant a ON a.oid = k.conrelid JOIN tenant b ON b.oid = k.confrelid
        WHERE k.contype = 'f' AND k.conparentid = 0 AND NOT EXISTS (
            SELECT FROM unnest(k.conkey, k.confkey) AS p(here, there) WHERE p.here = a.attnum AND p.there = b.attnum)
    ),
    'settings', (
        SELECT coalesce(json_agg(json_build_object(
            'for_role', s.setrole <> 0, 'for_database', s.setdatabase <> 0, 'line', line)), '[]')
        FROM asked, pg_db_role_setting s, unnest(s.setconfig) AS line
        WHERE s.setrole IN (0, asked.me)
          AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    ),
    'lookalikes', (
        SELECT coalesce(json_agg(json_build_object('name', n.nspname || '.' || c.relname, 'column', alike.name)
                                 ORDER BY n.nspname, c.relname), '[]')
        FROM asked, pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        CROSS JOIN LATERAL (
            SELECT min(a.attname) AS name FROM pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
              AND a.attname ~* '^(tenant|organi[sz]ation|workspace)(_?(id|uuid|key|code))?$'
        ) alike
        WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^(pg_|information_schema$)' AND c.relname !~ '^opsctl_'
          AND c.oid NOT IN (SELECT oid FROM tenant)
          AND (alike.name IS NOT NULL
               OR EXISTS (SELECT FROM pg_constraint k WHERE k.contype = 'f' AND k.conrelid = c.oid
                          AND k.confrelid IN (SELECT oid FROM tenant)))
    )
)::text AS document
