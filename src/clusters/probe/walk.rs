//! One cluster through its stages.

use std::{cell::RefCell, time::Duration};

use tokio::net::{TcpStream, lookup_host};

use super::{
    Request,
    ask::{Asked, Item},
    facts::{self, Server},
    report::{Finding, Stage, Trail},
    schema,
    seen::Seen,
    tenancy, tools,
};
use crate::{
    Error, Kind, Result,
    config::{Database, Engine, clusters::Role, database::Address},
    db::{Access, Db, Fault, Guards, Session},
    fleet::Cluster,
    schema::held,
};

/// A connection that took so long was not refused: nobody answered.
const SILENT: Duration = Duration::from_secs(4);
/// Time that the port is given to show whether anything listens there.
const KNOCK: Duration = Duration::from_millis(800);
/// Longest wait for a table that another session holds: who it is, is to be told in time.
const LOCK: Duration = Duration::from_secs(1);
/// Time for saying goodbye.
const GOODBYE: Duration = Duration::from_millis(500);

/// Walks through the stages until one stands in the way of the next. What it finds goes into the trail, which is there
/// even when the walk is cut. Nothing of it is borrowed while something is awaited.
pub(super) async fn walk(cluster: &Cluster, request: &Request, trail: &RefCell<Trail>) {
    let logins = config(cluster, request, trail);
    let Some((_, first)) = logins.first() else { return };
    trail.borrow_mut().enter(Stage::Resolve);
    let resolved = resolve(first).await;
    let found = resolved.as_ref().err().map(|error| failure(cluster, error));
    trail.borrow_mut().leave(found.into_iter().collect(), Vec::new());
    if resolved.is_err() {
        return;
    }
    let guards = Guards { lock: LOCK, ..Guards::default() };
    let open =
        |(role, database)| (role, Db::new(database, Access::Existing, request.clock).guarded(guards.clone()));
    let dbs: Vec<(Role, Db)> = logins.into_iter().map(open).collect();
    if let Some((role, mut session)) = log_in(cluster, &dbs, trail).await {
        ask(cluster, request, role, &mut session, trail).await;
    }
    for (_, db) in &dbs {
        let _ = tokio::time::timeout(GOODBYE, db.close()).await; // it is only polite
    }
}

/// A failure, with where to look.
fn failure(cluster: &Cluster, error: &Error) -> Finding {
    let mut finding = Finding::failed(error);
    finding.hints.push(format!("see how it is registered: `opsctl clusters show {}`", cluster.name));
    finding
}

/// The databases of the roles that have credentials of their own; the first is the one that is asked.
fn config(cluster: &Cluster, request: &Request, trail: &RefCell<Trail>) -> Vec<(Role, Database)> {
    let mut trail = trail.borrow_mut();
    trail.enter(Stage::Config);
    let (mut logins, mut findings) = (Vec::new(), Vec::new());
    for role in request.roles.iter().copied().filter(|role| cluster.has(*role)) {
        match cluster.database(role) {
            Ok(database) => logins.push((role, database.clone())),
            Err(error) => findings.push(failure(cluster, &error)),
        }
    }
    // One that cannot be used at all is said once.
    findings.dedup();
    if logins.is_empty() && findings.is_empty() {
        let error = Error::config(format!("the cluster `{}` has none of the roles asked for", cluster.name));
        findings.push(failure(cluster, &error));
    }
    trail.leave(findings, Vec::new());
    logins
}

/// Whether the place is there: an address for the name, the socket, the file.
async fn resolve(database: &Database) -> Result<()> {
    let missing = |path: &std::path::Path| {
        Error::new(Kind::Unreachable, format!("there is no socket {}", path.display()))
            .hint(format!("the address comes from {}; is the server running here?", database.origin))
    };
    match (&database.address, database.engine) {
        (Address::Tcp(host, port), _) => {
            let unknown = |cause: String| {
                Error::new(Kind::Unreachable, format!("the name `{host}` has no address"))
                    .because(cause)
                    .hint(format!("the name comes from {}", database.origin))
            };
            let mut found =
                lookup_host((host.as_str(), *port)).await.map_err(|error| unknown(error.to_string()))?;
            found.next().map(|_| ()).ok_or_else(|| unknown("the answer was empty".into()))
        }
        (Address::Socket(folder, port), Engine::Postgres) => {
            let path = folder.join(format!(".s.PGSQL.{port}"));
            path.exists().then_some(()).ok_or_else(|| missing(&path))
        }
        (Address::Socket(path, _), _) => path.exists().then_some(()).ok_or_else(|| missing(path)),
        (Address::File(path), _) => path.exists().then_some(()).ok_or_else(|| {
            Error::config(format!("{database} does not exist"))
                .hint(format!("the path comes from {}; opsctl never makes it here", database.origin))
        }),
    }
}

/// Whether a failure to connect says that the server was not even reached.
fn is_before_login(error: &Error) -> bool {
    matches!(error.fault(), None | Some(Fault::Lost))
}

/// Connects, and logs in with every role. The driver does both at once, so they have one time; further roles are the
/// login's own. Gives the session of the first role that gets in.
async fn log_in<'d>(
    cluster: &Cluster,
    dbs: &'d [(Role, Db)],
    trail: &RefCell<Trail>,
) -> Option<(Role, Session<'d>)> {
    let ((role, db), others) = dbs.split_first()?;
    trail.borrow_mut().enter(Stage::Connect);
    let since = tokio::time::Instant::now();
    let first = db.session().await;
    if let Err(error) = &first
        && is_before_login(error)
    {
        let error = if since.elapsed() > SILENT { knocked(db.target(), error).await } else { error.clone() };
        trail.borrow_mut().leave(vec![failure(cluster, &error)], Vec::new());
        return None;
    }
    trail.borrow_mut().leave(Vec::new(), Vec::new());
    let mut findings = Vec::new();
    let mut session = match first {
        Ok(session) => Some((*role, session)),
        Err(error) => {
            findings.push(failure(cluster, &error));
            None
        }
    };
    if others.is_empty() {
        trail.borrow_mut().also(Stage::Auth, Stage::Connect, findings, Vec::new());
        return session;
    }
    trail.borrow_mut().enter(Stage::Auth);
    for (role, db) in others {
        match db.session().await {
            Ok(other) => session = session.or(Some((*role, other))),
            Err(error) => {
                let error = error.because(format!("this is the role `{}`", role.name()));
                findings.push(failure(cluster, &error));
            }
        }
    }
    trail.borrow_mut().leave(findings, Vec::new());
    session
}

/// The error of a server that said nothing, with whether anything listens at its port.
async fn knocked(database: &Database, error: &Error) -> Error {
    let Address::Tcp(host, port) = &database.address else { return error.clone() };
    match tokio::time::timeout(KNOCK, TcpStream::connect((host.as_str(), *port))).await {
        Ok(Ok(_)) => error.clone().because("the port takes connections, and nothing behind it speaks"),
        Ok(Err(_)) => error.clone(),
        Err(_) => error.clone().because("not even the port answers: a firewall, or a host that is down"),
    }
}

/// Asks the server, and judges what it says.
async fn ask(
    cluster: &Cluster,
    request: &Request,
    role: Role,
    session: &mut Session<'_>,
    trail: &RefCell<Trail>,
) {
    trail.borrow_mut().enter(Stage::Query);
    let mut asked = Asked::new(session);
    if let Err(error) = asked.round(session).await {
        trail.borrow_mut().leave(vec![failure(cluster, &error)], Vec::new());
        return;
    }
    trail.borrow_mut().leave(Vec::new(), Vec::new());
    let server = server(cluster, request, role, &asked, trail);
    let in_one = asked.is_done();
    if !in_one {
        trail.borrow_mut().enter(Stage::Schema);
    }
    while !asked.is_done() {
        if let Err(error) = asked.round(session).await {
            trail.borrow_mut().leave(vec![failure(cluster, &error)], Vec::new());
            return;
        }
    }
    let seen = server.as_ref().and_then(|server| Seen::read(cluster, server, &asked));
    replication(request, server, &asked, trail);
    let unread = match asked.failure(Item::Records).or(asked.failure(Item::Mark)) {
        Some(error) => Some(held(session.db(), &[tools::RECORDS, tools::MARK], error.clone()).await),
        None => None,
    };
    let (findings, notes) = match unread {
        Some(error) => (vec![failure(cluster, &error)], Vec::new()),
        None => migrations(cluster, &asked, seen.as_ref(), trail),
    };
    let mut trail = trail.borrow_mut();
    match in_one {
        true => trail.also(Stage::Schema, Stage::Query, findings, notes),
        false => trail.leave(findings, notes),
    }
    let (mut findings, mut notes) = match &trail.isolation {
        Some(isolation) => tenancy::judge(cluster, isolation),
        None => asked
            .failure(Item::Tables)
            .map(|error| failure(cluster, error))
            .map_or_else(Default::default, |f| (vec![f], Vec::new())),
    };
    let pending = trail.schema.as_ref().and_then(|schema| schema.pending);
    if let Some(seen) = seen {
        let (more, told) = seen.tenants(cluster, pending);
        findings.extend(more);
        notes.extend(told);
    }
    trail.also(Stage::Isolation, Stage::Query, findings, notes);
}

/// Judges the server and the role that is connected, and tells who was refused for want of connections how many there
/// are.
fn server(
    cluster: &Cluster,
    request: &Request,
    role: Role,
    asked: &Asked,
    trail: &RefCell<Trail>,
) -> Option<Server> {
    let engine = asked.engine();
    let mut trail = trail.borrow_mut();
    if asked.failure(Item::Tables).is_none() {
        trail.isolation = tenancy::read(engine, asked.rows(Item::Tables)).ok();
    }
    let owned = trail.isolation.as_ref().map(|isolation| isolation.owned.clone()).unwrap_or_default();
    match facts::read(engine, role, asked.rows(Item::Facts), asked.rows(Item::Threads).first()) {
        Ok(server) => {
            let (findings, notes) = facts::judge(cluster, &server, &owned, &request.limits);
            trail.add(Stage::Query, findings, notes);
            if let Some(connections) = &server.connections {
                trail.explain_full(connections);
            }
            trail.server = Some(server.clone());
            Some(server)
        }
        Err(error) => {
            trail.add(Stage::Query, vec![failure(cluster, &error)], Vec::new());
            None
        }
    }
}

/// What a MySQL server says about replication, where the role may ask.
fn replication(request: &Request, server: Option<Server>, asked: &Asked, trail: &RefCell<Trail>) {
    let (Some(mut server), true) = (server, asked.engine() == Engine::MySql) else { return };
    let mut trail = trail.borrow_mut();
    if !asked.knows(Item::Replica) {
        let user = &server.login.user;
        trail.add(Stage::Query, Vec::new(), vec![format!("whether it is a replica, `{user}` may not ask")]);
        return;
    }
    let replication = facts::mysql_replication(asked.rows(Item::Replica));
    trail.add(Stage::Query, facts::behind(&replication, &request.limits).into_iter().collect(), Vec::new());
    server.replication = Some(replication);
    trail.server = Some(server);
}

/// The migrations as their record has them, with what is wrong and what is worth knowing.
fn migrations(
    cluster: &Cluster,
    asked: &Asked,
    seen: Option<&Seen>,
    trail: &RefCell<Trail>,
) -> (Vec<Finding>, Vec<String>) {
    let read = match asked.knows(Item::Records) {
        true => schema::read(asked.engine(), asked.is_own(), tools::RECORDS, asked.rows(Item::Records)),
        false => {
            let head = asked.rows(Item::Head).first().and_then(|row| row.text_or_null("head").ok().flatten());
            Ok(schema::without(asked.is_own(), asked.tool(), head))
        }
    };
    match read {
        Ok(schema) => {
            let judged = schema::judge(cluster, &schema, seen);
            trail.borrow_mut().schema = Some(schema);
            judged
        }
        Err(error) => (vec![failure(cluster, &error)], Vec::new()),
    }
}
