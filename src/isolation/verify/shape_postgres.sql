-- What a row of each table with the tenant column is made of.
SELECT coalesce(json_agg(json_build_object(
    'oid', c.oid::bigint, 'schema', n.nspname, 'name', c.relname,
    'columns', (
        SELECT json_agg(json_build_object(
            'name', a.attname, 'cast', format_type(a.atttypid, a.atttypmod), 'kind', b.typname,
            'length', CASE WHEN a.atttypmod > 4 AND b.typname IN ('varchar', 'bpchar') THEN a.atttypmod - 4 END,
            'labels', ARRAY(SELECT e.enumlabel FROM pg_enum e WHERE e.enumtypid = b.oid ORDER BY e.enumsortorder),
            -- A default may lie in no partition.
            'required', a.attidentity = '' AND a.attgenerated = '' AND (slice.bounds IS NOT NULL OR (a.attnotnull AND NOT a.atthasdef)),
            'unique', EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND a.attnum = ANY (i.indkey)),
            'settable', a.attidentity <> 'a' AND a.attgenerated = '',
            'checks', ARRAY(
                SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k
                WHERE k.conrelid = c.oid AND k.contype = 'c' AND a.attnum = ANY(k.conkey)
                -- What a domain asks for is asked by the cast.
                UNION ALL SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE k.contypid = t.oid
                UNION ALL SELECT slice.bounds WHERE slice.bounds IS NOT NULL)
        ) ORDER BY a.attnum)
        FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
        -- What the rows of one partition are, where this column decides about it.
        LEFT JOIN LATERAL (
            SELECT 'CHECK (' || pg_get_partition_constraintdef(l.relid) || ')' AS bounds
            FROM pg_partitioned_table p CROSS JOIN LATERAL pg_partition_tree(p.partrelid) l JOIN pg_class s ON s.oid = l.relid
            WHERE p.partrelid = c.oid AND p.partstrat <> 'h' AND a.attnum = ANY(p.partattrs::int2[])
              AND l.isleaf AND l.relid <> c.oid AND pg_get_expr(s.relpartbound, s.oid) <> 'DEFAULT'
            ORDER BY s.relname DESC LIMIT 1
        ) slice ON true
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    ),
    'references', (
        SELECT coalesce(json_agg(json_build_object(
            'columns', ARRAY(SELECT a.attname FROM unnest(k.conkey) WITH ORDINALITY AS p(num, nth)
                             JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.num ORDER BY p.nth),
            'schema', m.nspname, 'name', f.relname,
            'to', ARRAY(SELECT a.attname FROM unnest(k.confkey) WITH ORDINALITY AS p(num, nth)
                        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = p.num ORDER BY p.nth)
        )), '[]')
        FROM pg_constraint k JOIN pg_class f ON f.oid = k.confrelid JOIN pg_namespace m ON m.oid = f.relnamespace
        WHERE k.contype = 'f' AND k.conrelid = c.oid
    )
) ORDER BY n.nspname, c.relname), '[]')::text AS document
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname !~ '^(pg_|information_schema$)'
WHERE a.attname = ? AND a.attnum > 0 AND NOT a.attisdropped
