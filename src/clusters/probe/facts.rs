//! What a server says about itself in one round trip: version, the role's attributes, replication, connections.

use serde::{Deserialize, Serialize};

use super::{Limits, report::Finding, tools};
use crate::{
    Error, Result,
    config::clusters::{ClusterStatus, Role},
    db::{Engine, Row},
    fleet::Cluster,
    isolation::COLUMN,
};

/// The role that is connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Login {
    /// Which of the cluster's roles.
    pub role: Role,
    /// As the server knows it.
    pub user: String,
    /// It may do everything: a superuser, on MySQL the right SUPER.
    pub superuser: bool,
    /// No policy binds it (PostgreSQL's BYPASSRLS).
    pub bypassrls: bool,
}

/// How far a server is behind, or those that follow it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Replication {
    /// It follows another server.
    pub is_replica: bool,
    /// Servers that follow it, where that can be seen.
    pub replicas: Option<u64>,
    /// Seconds that it is behind, or the furthest of those that follow it; none where that cannot be seen.
    pub lag_s: Option<f64>,
    /// It follows another server, and replication has stopped.
    pub stopped: bool,
}

/// Connections in use, where the limit is nearest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Connections {
    /// In use, this one included.
    pub used: u64,
    /// The limit.
    pub max: u64,
    /// Whose limit: `server`, `database` or `user`.
    pub of: String,
}

impl Connections {
    fn is_over(&self, percent: u8) -> bool {
        self.used * 100 >= self.max * u64::from(percent)
    }
}

/// What the server says about itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Server {
    /// Product and version.
    pub version: String,
    /// Who is connected.
    pub login: Login,
    /// It takes no writes.
    pub read_only: bool,
    /// Replication, where the engine has it.
    pub replication: Option<Replication>,
    /// Connections, where the engine counts them.
    pub connections: Option<Connections>,
}

/// PostgreSQL. Ordinary roles may see how many connections there are, and not the state of replication. The functions
/// behind the views are asked: a session that has just begun takes several times as long to plan the views.
const POSTGRES: &str = "\
SELECT current_setting('server_version') AS version, r.rolname::text AS login, \
       r.rolsuper::int AS superuser, r.rolbypassrls::int AS bypassrls, \
       (current_setting('transaction_read_only') = 'on')::int AS read_only, \
       pg_is_in_recovery()::int AS replica, \
       CASE WHEN NOT pg_is_in_recovery() THEN s.lag \
            WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() \
                 AND (SELECT pid FROM pg_stat_get_wal_receiver()) IS NOT NULL THEN 0 \
            ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END::float8 AS lag, \
       s.replicas, s.unseen, c.server_used, c.database_used, c.user_used, \
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int \
         - coalesce(nullif(current_setting('reserved_connections', true), '')::int, 0) AS server_max, \
       d.datconnlimit AS database_max, r.rolconnlimit AS user_max, \
       t.all_tables, t.tenant_tables, t.tenant_readable, \
       coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)::int AS creates, \
       (SELECT string_agg(t.relname, ',') FROM pg_class t WHERE t.relkind IN ('r', 'p', 'v') \
          AND pg_table_is_visible(t.oid) AND t.relname IN (TABLES)) AS tables \
FROM pg_roles r, pg_database d, LATERAL ( \
  SELECT count(*) AS server_used, count(*) FILTER (WHERE a.datid = d.oid) AS database_used, \
         count(*) FILTER (WHERE a.usesysid = r.oid) AS user_used \
  FROM pg_stat_get_activity(NULL) a WHERE a.datid IS NOT NULL AND a.usesysid IS NOT NULL) c, ( \
  SELECT count(*) AS replicas, count(*) FILTER (WHERE w.state IS NULL) AS unseen, \
         max(extract(epoch FROM w.replay_lag)) AS lag FROM pg_stat_get_wal_senders() w) s, ( \
  SELECT count(*) AS all_tables, count(a.attnum) AS tenant_tables, \
         count(a.attnum) FILTER (WHERE has_schema_privilege(k.relnamespace, 'USAGE') \
           AND has_table_privilege(k.oid, 'SELECT')) AS tenant_readable \
  FROM pg_class k LEFT JOIN pg_attribute a ON a.attrelid = k.oid AND a.attname = 'COLUMN' \
  WHERE k.relkind IN ('r', 'p') AND k.relpersistence <> 't' \
    AND k.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)) t \
WHERE r.rolname = current_user AND d.datname = current_database()";

/// MySQL and MariaDB; connections and replication have statements of their own.
const MYSQL: &str = "\
SELECT VERSION() AS version, CURRENT_USER() AS login, \
       (SELECT COUNT(*) FROM information_schema.user_privileges p WHERE p.privilege_type = 'SUPER' \
          AND p.grantee = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')) AS superuser, \
       0 AS bypassrls, @@global.read_only AS read_only, \
       @@global.max_connections AS server_max, @@session.max_user_connections AS user_max, \
       (SELECT COUNT(*) FROM information_schema.processlist p \
          WHERE p.user = SUBSTRING_INDEX(CURRENT_USER(), '@', 1)) AS user_used, \
       (SELECT GROUP_CONCAT(t.table_name) FROM information_schema.tables t \
          WHERE t.table_schema = DATABASE() AND t.table_name IN (TABLES)) AS tables";

/// Connections of a MySQL server.
pub(super) const THREADS: &str = "SHOW GLOBAL STATUS LIKE 'Threads_connected'";
/// Replication of a MySQL server; takes the right REPLICA MONITOR (MariaDB) or REPLICATION CLIENT.
pub(super) const REPLICA: &str = "SHOW REPLICA STATUS";

const SQLITE: &str = "\
SELECT sqlite_version() AS version, '' AS login, 0 AS superuser, 0 AS bypassrls, \
       (SELECT query_only FROM pragma_query_only) AS read_only, t.all_tables, t.tenant_tables, \
       t.tenant_tables AS tenant_readable, 1 AS creates, \
       (SELECT group_concat(name) FROM sqlite_schema WHERE type IN ('table', 'view') AND name IN (TABLES)) AS tables \
FROM (SELECT count(*) AS all_tables, count(c.name) AS tenant_tables FROM sqlite_schema m \
  LEFT JOIN pragma_table_info(m.name) c ON c.name = 'COLUMN' WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%') t";

/// The statement of an engine; it also tells which tables of records exist.
pub(super) fn statement(engine: Engine, prefix: &str) -> String {
    let sql = match engine {
        Engine::Postgres => POSTGRES,
        Engine::MySql => MYSQL,
        Engine::Sqlite => SQLITE,
    };
    sql.replace("TABLES", &tools::names(prefix)).replace("COLUMN", COLUMN)
}

/// Reads the answer. `threads` is that of [`THREADS`].
pub(super) fn read(engine: Engine, role: Role, rows: &[Row], threads: Option<&Row>) -> Result<Server> {
    let row = rows.first().ok_or_else(|| Error::failed("the server says nothing about itself"))?;
    let number = |column: &str| row.int(column).ok().and_then(|number| u64::try_from(number).ok());
    let server_used = match threads {
        Some(row) => row.int("Value").ok().and_then(|number| u64::try_from(number).ok()),
        None => number("server_used"),
    };
    let limits = [
        ("user", number("user_used"), number("user_max")),
        ("database", number("database_used"), number("database_max")),
        ("server", server_used, number("server_max")),
    ];
    Ok(Server {
        version: product(engine, &row.text("version")?),
        login: Login {
            role,
            user: row.text("login")?,
            superuser: row.int("superuser")? != 0,
            bypassrls: row.int("bypassrls")? != 0,
        },
        read_only: row.int("read_only")? != 0,
        replication: if engine == Engine::Postgres { Some(replication(row)?) } else { None },
        connections: nearest(&limits, engine),
    })
}

/// `PostgreSQL 15.8`, without what a distribution adds.
fn product(engine: Engine, version: &str) -> String {
    let short = version.split(['-', ' ']).find(|part| *part != "5.5.5").unwrap_or(version);
    let product = match engine {
        Engine::Postgres => "PostgreSQL",
        Engine::MySql if version.contains("MariaDB") => "MariaDB",
        Engine::MySql => "MySQL",
        Engine::Sqlite => "SQLite",
    };
    format!("{product} {short}")
}

/// The limit that is used up first. PostgreSQL's −1 and MySQL's 0 are none.
fn nearest(limits: &[(&str, Option<u64>, Option<u64>)], engine: Engine) -> Option<Connections> {
    let known = limits.iter().filter_map(|(of, used, max)| {
        let limited = |max: &u64| *max > 0 || engine == Engine::Postgres;
        Some(Connections { used: (*used)?, max: max.filter(limited)?, of: (*of).to_owned() })
    });
    // The share, compared without fractions; the last of equals is the server's.
    known.max_by(|a, b| (a.used * b.max).cmp(&(b.used * a.max)))
}

fn replication(row: &Row) -> Result<Replication> {
    let is_replica = row.int("replica")? != 0;
    let replicas = row.text_or_null("replicas")?.and_then(|count| count.parse().ok());
    let lag = row.text_or_null("lag")?.and_then(|lag| lag.parse::<f64>().ok());
    let unseen = row.int("unseen")? > 0;
    let lag_s = match (is_replica, replicas) {
        // The lag of a replica that has caught up is NULL, as is that of one that may not be seen.
        (false, Some(1..)) if !unseen => Some(lag.unwrap_or_default()),
        (false, _) => None,
        (true, _) => lag,
    };
    Ok(Replication { is_replica, replicas, lag_s: lag_s.map(hundredths), stopped: false })
}

fn hundredths(seconds: f64) -> f64 {
    (seconds.max(0.0) * 100.0).round() / 100.0
}

/// Replication of a MySQL server, from the rows of [`REPLICA`].
pub(super) fn mysql_replication(rows: &[Row]) -> Replication {
    let text = |row: &Row, names: [&str; 2]| {
        names.into_iter().find_map(|name| row.text_or_null(name).ok()).flatten()
    };
    let Some(row) = rows.first() else {
        return Replication { is_replica: false, replicas: None, lag_s: None, stopped: false };
    };
    let lag = text(row, ["Seconds_Behind_Master", "Seconds_Behind_Source"]);
    let runs = |names| text(row, names).is_some_and(|state| state == "Yes");
    let running = runs(["Slave_IO_Running", "Replica_IO_Running"])
        && runs(["Slave_SQL_Running", "Replica_SQL_Running"]);
    Replication {
        is_replica: true,
        replicas: None,
        lag_s: lag.and_then(|lag| lag.parse().ok()),
        stopped: !running,
    }
}

/// What is wrong with a server that answers, and what is worth knowing.
pub(super) fn judge(
    cluster: &Cluster,
    server: &Server,
    owned: &[String],
    limits: &Limits,
) -> (Vec<Finding>, Vec<String>) {
    let mut findings = Vec::new();
    let mut notes = Vec::new();
    if server.login.role == Role::App {
        findings.extend(unbound(cluster, &server.login, owned));
    }
    if server.read_only && cluster.status != ClusterStatus::ReadOnly {
        findings.push(Finding::degraded(
            format!("it takes no writes, and its status is {}", cluster.status),
            format!("name its primary, or say what it is: `opsctl clusters show {}`", cluster.name),
        ));
    }
    if let Some(connections) = &server.connections
        && connections.is_over(limits.max_connections)
    {
        let Connections { used, max, of } = connections;
        findings.push(Finding::degraded(
            format!("{used} of {max} connections of the {of} are used"),
            "see who holds them in the server's list of sessions; end what is idle, or raise the limit",
        ));
    }
    if let Some(replication) = &server.replication {
        findings.extend(behind(replication, limits));
        if replication.replicas.is_some_and(|count| count > 0) && replication.lag_s.is_none() {
            notes.push(format!("how far its replicas are behind, `{}` may not see", server.login.user));
        }
    }
    (findings, notes)
}

/// Why policies do not bind the application's role.
fn unbound(cluster: &Cluster, login: &Login, owned: &[String]) -> Option<Finding> {
    let mut why = Vec::new();
    if login.superuser {
        why.push("is a superuser".to_owned());
    }
    if login.bypassrls {
        why.push("has BYPASSRLS".to_owned());
    }
    match owned.len() {
        0 => {}
        1 => why.push(format!("owns the tenant table {}", owned[0])),
        count => why.push(format!("owns {count} tenant tables")),
    }
    (!why.is_empty()).then(|| {
        Finding::degraded(
            format!("the role `{}` of the application {}", login.user, why.join(" and ")),
            format!("see what that opens: `opsctl rls verify --cluster {}`", cluster.name),
        )
    })
}

/// Whether replication is further behind than it may be.
pub(super) fn behind(replication: &Replication, limits: &Limits) -> Option<Finding> {
    let look = "look into the log of the replica, and at what its primary keeps for it";
    if replication.stopped {
        return Some(Finding::degraded("it is a replica, and replication has stopped", look));
    }
    let lag = replication.lag_s.filter(|lag| *lag > limits.max_lag.as_secs_f64())?;
    let who = if replication.is_replica { "it is" } else { "a replica is" };
    Some(Finding::degraded(format!("{who} {lag} s behind, more than {} s", limits.max_lag.as_secs()), look))
}
