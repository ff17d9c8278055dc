//! The Redis server of a Laravel application, from its cached configuration or its environment.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::{
    Address, Node, Target, Tls,
    target::{LOCAL, PORT, UrlParts, UrlServer},
    unsupported,
};
use crate::{
    Error, Result,
    config::{Application, Origin, application::scalar, database::coerced},
};

/// The server of a connection; `None` when nothing speaks of Redis.
///
/// # Errors
/// A setting that opsctl cannot honour, a Cluster and sentinels among them: those stand in an `opsctl.toml`.
pub(super) fn server(app: &Application, connection: &str) -> Result<Option<Target>> {
    if app.is_cached() { cached_server(app, connection) } else { environment_server(app).map(Some) }
}

/// Plain connections come before Clusters of the same name (`Illuminate\Redis\RedisManager::resolve`).
fn cached_server(app: &Application, connection: &str) -> Result<Option<Target>> {
    let Some((all, general)) = app.tree("database.redis") else { return Ok(None) };
    let found = app.tree(&format!("database.redis.{connection}")).filter(|(value, _)| !value.is_null());
    let Some((members, origin)) = found else {
        return match app.tree(&format!("database.redis.clusters.{connection}")) {
            Some((nodes, origin)) => Err(cluster(nodes, &origin)),
            None => Err(Error::config(format!("{general} has no connection named `{connection}`"))),
        };
    };
    let places = Places { all, members };
    if let Some(error) = sentinels(&places, &origin) {
        return Err(error);
    }
    for key in ["serializer", "compression"] {
        if places.option(key).is_some_and(|value| value != "0") {
            let what = format!("the setting database.redis.{connection} {key}");
            return Err(unsupported(&what, "it changes what is stored"));
        }
    }
    let text = |key: &str| one_value(members, key, &origin);
    let parts = Parts {
        scheme: text("scheme")?,
        host: text("host")?,
        port: text("port")?,
        path: text("path")?,
        username: text("username")?,
        password: text("password")?,
        stream: stream(members, &origin)?,
    };
    text("database")?;
    parts.build(text("url")?.as_deref(), &app.dir, &origin).map(Some)
}

/// A member that is one value, when it is set; an empty one is not.
///
/// # Errors
/// A list where one value is expected, such as hosts to choose from.
fn one_value(members: &Value, key: &str, origin: &Origin) -> Result<Option<String>> {
    match members.get(key) {
        Some(Value::Array(_) | Value::Object(_)) => Err(unsupported(
            &format!("the setting {origin}.{key}"),
            "it is a list where opsctl takes one value",
        )
        .hint("name the server in an opsctl.toml: `[redis]` with `url`, `prefix` and `databases`")),
        value => Ok(value.and_then(scalar).filter(|text| !text.is_empty())),
    }
}

/// The options of the TLS stream: phpredis has them in `context.stream`, predis in `ssl`.
fn stream<'a>(members: &'a Value, origin: &Origin) -> Result<Option<&'a Map<String, Value>>> {
    let context = members.get("context").and_then(Value::as_object);
    if let Some(key) = context.and_then(|context| context.keys().find(|key| *key != "stream")) {
        let what = format!("the setting {origin}.context.{key}");
        return Err(unsupported(&what, "opsctl knows only `context.stream`, the options of TLS"));
    }
    let stream = context.and_then(|context| context.get("stream")).or_else(|| members.get("ssl"));
    Ok(stream.and_then(Value::as_object))
}

fn environment_server(app: &Application) -> Result<Target> {
    if let Some(error) = environment_sentinels(app) {
        return Err(error);
    }
    let member = |name: &str| {
        app.redis_member(name).filter(|found| found.value.as_deref().is_some_and(|text| !text.is_empty()))
    };
    // config/database.php: env('REDIS_HOST', '127.0.0.1') and env('REDIS_PORT', '6379').
    let named = ["REDIS_URL", "REDIS_HOST", "REDIS_PORT"].iter().find_map(|name| member(name));
    let origin = named.map_or(Origin::Default, |found| found.origin);
    let text = |name: &str| member(name).and_then(|found| found.value);
    let parts = Parts {
        scheme: text("REDIS_SCHEME"),
        host: text("REDIS_HOST"),
        port: text("REDIS_PORT"),
        path: None,
        username: text("REDIS_USERNAME"),
        password: text("REDIS_PASSWORD"),
        stream: None,
    };
    parts.build(text("REDIS_URL").as_deref(), &app.dir, &origin)
}

/// The error of an environment that speaks of sentinels. There is no one set of names for them; host, port and service
/// are those of `namoshek/laravel-redis-sentinel`.
fn environment_sentinels(app: &Application) -> Option<Error> {
    let set = |name: &str| {
        app.value("", &[name]).filter(|found| found.value.as_deref().is_some_and(|text| !text.is_empty()))
    };
    let text = |names: &[&str]| names.iter().find_map(|name| set(name)).and_then(|found| found.value);
    let client = set("REDIS_CLIENT").filter(|found| is_sentinel(found.value.as_deref()));
    let speaks =
        || app.variable_names().into_iter().filter(|name| name.starts_with("REDIS_SENTINEL")).find_map(set);
    let named = client.or_else(speaks)?;
    let one = node(text(&["REDIS_SENTINEL_HOST"]), text(&["REDIS_SENTINEL_PORT"]));
    let master = text(&["REDIS_SENTINEL_SERVICE", "REDIS_SENTINEL_MASTER"]);
    Some(ask_sentinels(&named.origin, master, one))
}

/// A connection, and all of `database.redis`.
struct Places<'a> {
    all: &'a Value,
    members: &'a Value,
}

impl Places<'_> {
    /// An option that is set: the connection's, that of its `options`, or that of all connections.
    fn option(&self, key: &str) -> Option<String> {
        let options = [self.members.get("options"), self.all.get("options")];
        let places = std::iter::once(Some(self.members)).chain(options);
        let found = places.flatten().find_map(|place| scalar(place.get(key)?));
        found.filter(|value| !value.is_empty() && value != "false")
    }
}

/// The error of a connection that asks sentinels: by predis (a list of nodes, `replication`), or by one of the drivers
/// for phpredis (`sentinel_host`, `sentinel_service`).
fn sentinels(places: &Places<'_>, origin: &Origin) -> Option<Error> {
    let text = |key: &str| places.members.get(key).and_then(scalar);
    let keys = places.members.as_object().into_iter().flat_map(Map::keys);
    let named = keys.into_iter().any(|key| key.starts_with("sentinel_"));
    let replicated = places.option("replication").is_some() || places.members.is_array();
    if !named && !replicated && !is_sentinel(places.all.get("client").and_then(Value::as_str)) {
        return None;
    }
    let master = text("sentinel_service").or_else(|| places.option("service"));
    let one = node(text("sentinel_host"), text("sentinel_port"));
    let listed = places.members.as_array().into_iter().flatten();
    let nodes = listed.filter_map(|item| named_node(item, 26379)).chain(one);
    Some(ask_sentinels(origin, master, nodes))
}

fn is_sentinel(client: Option<&str>) -> bool {
    client.is_some_and(|client| client.contains("sentinel"))
}

fn ask_sentinels(origin: &Origin, master: Option<String>, nodes: impl IntoIterator<Item = Node>) -> Error {
    let master = master.unwrap_or_else(|| "mymaster".into());
    let nodes = quoted(nodes, "HOST:26379");
    unsupported(&format!("the setting {origin}"), "opsctl takes sentinels from an opsctl.toml only").hint(
        format!("write there, with `prefix` and `databases`: `[redis]` and `sentinel = {{ master = \"{master}\", nodes = [{nodes}] }}`"),
    )
}

/// The error of a connection that is a Cluster.
fn cluster(nodes: &Value, origin: &Origin) -> Error {
    let listed: Vec<&Value> = match nodes {
        Value::Array(items) => items.iter().collect(),
        Value::Object(members) => {
            members.iter().filter(|(key, _)| *key != "options").map(|(_, item)| item).collect()
        }
        _ => Vec::new(),
    };
    let nodes = quoted(listed.into_iter().filter_map(|item| named_node(item, 6379)), "HOST:6379");
    unsupported(&format!("the setting {origin}"), "opsctl takes a Cluster from an opsctl.toml only")
        .hint(format!("write there, with `prefix`: `[redis]` and `cluster = [{nodes}]`"))
}

/// Host and port of an entry, without what else stands there.
fn named_node(item: &Value, port: u16) -> Option<Node> {
    let text = |key: &str| item.get(key).and_then(scalar).filter(|text| !text.is_empty());
    let url = item.as_str().map(str::to_owned).or_else(|| text("url"));
    if let Some(url) = url.and_then(|url| url::Url::parse(&url).ok()) {
        return Some(Node::new(url.host_str()?.trim_matches(['[', ']']), url.port().unwrap_or(port)));
    }
    let port = text("port").and_then(|port| port.parse().ok()).unwrap_or(port);
    Some(Node::new(text("host")?, port))
}

fn node(host: Option<String>, port: Option<String>) -> Option<Node> {
    Some(Node::new(bare(&host?).1, port.and_then(|port| port.parse().ok()).unwrap_or(26379)))
}

fn quoted(nodes: impl IntoIterator<Item = Node>, else_: &str) -> String {
    let nodes: Vec<String> = nodes.into_iter().map(|node| format!("\"{node}\"")).collect();
    if nodes.is_empty() { format!("\"{else_}\"") } else { nodes.join(", ") }
}

/// The members that stand by themselves, beside a URL or without one.
struct Parts<'a> {
    scheme: Option<String>,
    host: Option<String>,
    port: Option<String>,
    path: Option<String>,
    username: Option<String>,
    password: Option<String>,
    stream: Option<&'a Map<String, Value>>,
}

impl Parts<'_> {
    /// The place. What the URL names is stronger, its scheme too; what it does not name stays
    /// (`Illuminate\Support\ConfigurationUrlParser::parseConfiguration`, Laravel 11-13).
    fn build(mut self, url: Option<&str>, dir: &Path, origin: &Origin) -> Result<Target> {
        let parts = url.map(|url| UrlParts::read(url, origin)).transpose()?;
        let database = parts.as_ref().and_then(|parts| parts.database);
        let socket = parts.and_then(|parts| self.take(parts));
        let address = socket.map_or_else(|| self.address(origin), |path| Ok(Address::Socket(path)))?;
        let mut target = Target::new(address, origin.clone());
        if let Address::Tls(host, _, tls) = &mut target.address {
            *tls = Tls::from_stream(self.stream, host, dir, origin)?;
        }
        target.username = self.username;
        target.password = self.password.map(SecretString::from);
        target.database = database.unwrap_or(0);
        target.database_in_url = database.is_some();
        Ok(target)
    }

    /// Puts what a URL names in the place of what stands here; a socket stands for the whole address.
    fn take(&mut self, url: UrlParts) -> Option<PathBuf> {
        let password = url.password.and_then(|password| coerced(password.expose_secret()));
        self.password = password.or(self.password.take());
        self.username = url.username.and_then(|name| coerced(&name)).or(self.username.take());
        match url.server {
            UrlServer::Socket(path) => return Some(path),
            UrlServer::Tcp { tls, host, port } => {
                self.scheme = Some(if tls { "tls" } else { "tcp" }.into());
                self.host = host.or(self.host.take());
                self.port = port.map(|port| port.to_string()).or(self.port.take());
            }
        }
        None
    }

    /// `PhpRedisConnector::formatHost`: the scheme stands in a setting of its own or before the host.
    fn address(&self, origin: &Origin) -> Result<Address> {
        let (before, host) = bare(self.host.as_deref().unwrap_or(LOCAL));
        if host.starts_with('/') {
            return Ok(Address::Socket(PathBuf::from(host)));
        }
        let tls = match before.or(self.scheme.as_deref()).unwrap_or("tcp") {
            "tcp" | "redis" => None,
            "tls" | "ssl" | "rediss" | "tlsv1.2" | "tlsv1.3" => Some(Tls::full()),
            "unix" if self.path.is_some() => {
                return Ok(Address::Socket(PathBuf::from(self.path.clone().unwrap_or_default())));
            }
            other => {
                let what = format!("the scheme `{other}` of {origin}");
                return Err(unsupported(&what, "opsctl speaks tcp, tls and unix"));
            }
        };
        let port = match &self.port {
            None => PORT,
            Some(port) => port
                .parse()
                .map_err(|_| Error::config(format!("the Redis port of {origin} is no port number")))?,
        };
        Ok(Address::server(Node::new(host, port), tls))
    }
}

/// A host with what stands before its `://`.
fn bare(host: &str) -> (Option<&str>, &str) {
    host.split_once("://").map_or((None, host), |(scheme, host)| (Some(scheme), host))
}
