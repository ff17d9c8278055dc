//! Redis over TLS, as an ACL user, by Sentinel and on a Cluster: the locks work over each of them, and what is wrong is
//! told without a word in plain text.

use std::path::PathBuf;

use opsctl::{
    Error, Kind,
    config::{
        self, Environment, Origin, System,
        context::Inputs,
        redis::{Address, Identity, Target, Tls, Verify},
        stores::LockStore,
    },
    laravel::{
        lock::{Attempt, Held, Locks},
        queue::QueueKeys,
    },
    redis::Redis,
};
use rand::{SeedableRng, rngs::StdRng};
use tempfile::TempDir;

use crate::support::{
    Case, Schema,
    certificates::Authority,
    cli::{Said, program, run},
    port::free_port,
    redis,
    redis_sets::{Cluster, MASTER, Sentinel, SentinelSet},
    world::{Plan, World},
};

/// The databases of the webhook service.
const DATABASES: &str = "databases = { default = 0, cache = 1, queue = 2, lock = 3 }";

/// An `opsctl.toml` with a Redis, the locks in it, and a SQLite database beside it.
fn toml(redis: &str) -> String {
    format!(
        "environment = \"local\"\n[database]\nurl = \"sqlite:app.sqlite\"\n[redis]\nprefix = \"app-\"\n{redis}\n\
         [cache]\nstore = \"redis\"\nprefix = \"cache-\"\n"
    )
}

/// A folder with that file.
fn folder(redis: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("opsctl.toml"), toml(redis)).unwrap();
    folder
}

fn resolve(folder: &TempDir, variables: &[(&str, &str)]) -> opsctl::Result<config::Context> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    config::resolve(&Inputs {
        cwd: folder.path().to_owned(),
        environment: Environment::new(variables),
        ..Inputs::default()
    })
}

/// The Redis of the locks that a `[redis]` names.
fn locks_of(redis: &str, variables: &[(&str, &str)]) -> Redis {
    let folder = folder(redis);
    let context = resolve(&folder, variables).unwrap();
    let LockStore::Redis { target, .. } = context.lock_store("", System::Webhooks).unwrap() else { panic!() };
    Redis::new(*target)
}

fn locks(redis: &Redis) -> Locks<'_> {
    Locks::Redis { redis, prefix: "cache-".into() }
}

async fn take(redis: &Redis, name: &str) -> opsctl::Result<Held> {
    match locks(redis).acquire(name, "me", 60).await? {
        Attempt::Taken(held) => Ok(held),
        Attempt::Busy(holder) => panic!("held by {holder:?}"),
    }
}

/// Takes, renews and gives back a lock.
async fn works(redis: &Redis) {
    let held = take(redis, "job").await.unwrap();
    assert_eq!(locks(redis).holder("job").await.unwrap().unwrap().owner, "me");
    locks(redis).renew(&held).await.unwrap();
    assert!(locks(redis).release(&held).await.unwrap());
    assert_eq!(locks(redis).holder("job").await.unwrap(), None);
}

async fn refused(redis: &Redis) -> Error {
    let error = take(redis, "job").await.unwrap_err();
    assert!(!format!("{error:?} {error}").contains("hunter2"), "{error:?}");
    error
}

/// Message, causes and hints, without ports and folders.
fn told(error: &Error) -> String {
    let lines = [error.message()].into_iter().map(str::to_owned);
    let causes = error.causes().iter().map(|cause| format!("  because {cause}"));
    let hints = error.hints().iter().map(|hint| format!("  hint {hint}"));
    let mut text: String = lines.chain(causes).chain(hints).map(|line| line + "\n").collect();
    for (begin, end) in [("127.0.0.1:", "PORT"), ("localhost:", "PORT"), (" /tmp/", "FILE")] {
        let parts: Vec<String> = text.split(begin).map(str::to_owned).collect();
        let keep = |part: &str| {
            part.trim_start_matches(|c: char| {
                !c.is_whitespace() && !"/,;\"".contains(c) || (end == "FILE" && c == '/')
            })
            .to_owned()
        };
        text = parts[0].clone()
            + &parts[1..].iter().map(|part| format!("{begin}{end}{}", keep(part))).collect::<String>();
    }
    format!("{:?}: {text}", error.kind())
}

#[tokio::test]
async fn an_acl_user_is_named_by_url_or_by_members_and_a_missing_right_is_told() {
    let Some(server) = redis::Redis::start(&[]) else { return };
    let rights = ["ACL", "SETUSER", "ops", "on", ">hunter2", "~app-*", "+@all", "-time"];
    assert_eq!(server.cli(&rights), "OK");
    assert_eq!(server.cli(&["ACL", "SETUSER", "default", "off"]), "OK");
    let port = server.port;
    let secret = [("SECRET", "hunter2")];
    let by_url = format!("url = \"redis://ops@127.0.0.1:{port}\"\npassword = \"env:SECRET\"\n{DATABASES}");
    let by_member = format!(
        "url = \"redis://127.0.0.1:{port}\"\nusername = \"ops\"\npassword = \"env:SECRET\"\n{DATABASES}"
    );
    for redis in [&by_url, &by_member] {
        let redis = locks_of(redis, &secret);
        let held = take(&redis, "job").await.unwrap();
        // Who holds it needs TIME, which the user lacks.
        let error = locks(&redis).holder("job").await.unwrap_err();
        assert!(locks(&redis).release(&held).await.unwrap());
        insta::allow_duplicates! {
            insta::assert_snapshot!(told(&error), @r"
            Config: redis://127.0.0.1:PORT/3 denies a command to `ops`
              because this user has no permissions to run the 'time' command
              hint grant it: `ACL SETUSER ops +time`
            ");
        }
    }
    let error = refused(&locks_of(&by_member, &[("SECRET", "hunter22")])).await;
    insta::assert_snapshot!(told(&error), @r"
    Config: redis://127.0.0.1:PORT/3 refused the credentials
      because authentication failed
      hint the server is named by /tmp/FILE redis.url; check its user and password there
    ");
    let other = Redis::new(Target { prefix: "other-".into(), ..locks_of(&by_url, &secret).target().clone() });
    insta::assert_snapshot!(told(&refused(&other).await), @r"
    Config: redis://127.0.0.1:PORT/3 denies a command to `ops`
      because this user has no permissions to access one of the keys used as arguments
      hint grant the keys, to read and to write: `ACL SETUSER ops %RW~other-*`
    ");
    server.cli(&[
        "--user",
        "ops",
        "--pass",
        "hunter2",
        "--no-auth-warning",
        "ACL",
        "SETUSER",
        "ops",
        "-select",
    ]);
    insta::assert_snapshot!(told(&refused(&locks_of(&by_url, &secret)).await), @r"
    Config: redis://127.0.0.1:PORT/3 denies a command to `ops`
      because this user has no permissions to run the 'select' command
      hint grant it: `ACL SETUSER ops +select`
    ");
}

#[tokio::test]
async fn tls_wants_a_known_authority_and_the_right_name_and_never_falls_back() {
    let authority = Authority::new();
    let port = free_port();
    let options = authority.certify("server", &["DNS:localhost"]).options(port);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let Some(_server) = redis::Redis::start_at(port, &options) else { return };
    let ca = format!("tls = {{ ca = \"{}\" }}", authority.file().display());
    let at = |url: &str, tls: &str| locks_of(&format!("url = \"{url}\"\n{tls}\n{DATABASES}"), &[]);
    works(&at(&format!("rediss://localhost:{port}"), &ca)).await;
    works(&at(&format!("tls://localhost:{port}"), &ca)).await;
    let wrong_name = refused(&at(&format!("rediss://127.0.0.1:{port}"), &ca)).await;
    insta::assert_snapshot!(told(&wrong_name), @r#"
    Config: the certificate of rediss://127.0.0.1:PORT/3 is not trusted
      because certificate not valid for name "127.0.0.1"; certificate is only valid for DnsName("localhost")
      hint use a name that it bears; the host comes from /tmp/FILE redis.url
    "#);
    let unknown = refused(&at(&format!("rediss://localhost:{port}"), "tls = true")).await;
    insta::assert_snapshot!(told(&unknown), @r#"
    Config: the certificate of rediss://localhost:PORT/3 is not trusted
      because UnknownIssuer
      hint name its authority: `tls = { ca = "PATH" }` in an opsctl.toml, `cafile` in the application's TLS options
    "#);
    let another = format!("tls = {{ ca = \"{}\" }}", Authority::new().file().display());
    let unknown = refused(&at(&format!("rediss://localhost:{port}"), &another)).await;
    assert_eq!(unknown.kind(), Kind::Config);
    let plain = refused(&at(&format!("redis://localhost:{port}"), "")).await;
    insta::assert_snapshot!(told(&plain), @r"
    Unreachable: redis://localhost:PORT/3 does not answer
      because Connection reset by peer (os error 104)
      hint the address comes from /tmp/FILE redis.url; is Redis running there?
      hint a server that wants TLS hangs up like this; its URL begins with `rediss://`
    ");
    let Some(server) = redis::Redis::start(&[]) else { return };
    let no_tls = refused(&at(&format!("rediss://localhost:{}", server.port), &ca)).await;
    insta::assert_snapshot!(told(&no_tls), @r"
    Unreachable: rediss://localhost:PORT/3 does not answer
      because timed out
      hint the address comes from /tmp/FILE redis.url; is Redis running there?
      hint a server without TLS keeps silent like this; its URL begins with `redis://`
    ");
}

// An application may verify less, and a server may want to know who asks.
#[tokio::test]
async fn tls_verifies_what_is_asked_for_and_shows_a_certificate() {
    let (authority, port) = (Authority::new(), free_port());
    let ca = authority.file();
    let mut options = authority.certify("server", &["DNS:localhost"]).options(port);
    let wants = ["--tls-ca-cert-file", ca.to_str().unwrap(), "--tls-auth-clients", "yes"];
    options.extend(wants.map(str::to_owned));
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let Some(_server) = redis::Redis::start_at(port, &options) else { return };
    let me = authority.certify("me", &["DNS:me"]);
    let identity = Some(Identity { certificate: me.file, key: me.key });
    let at = |host: &str, verify, authority: Option<&PathBuf>, identity: &Option<Identity>| {
        let tls = Tls { verify, authority: authority.cloned(), identity: identity.clone() };
        Redis::new(Target::new(Address::Tls(host.into(), port, tls), Origin::Default))
    };
    works(&at("localhost", Verify::Full, Some(&ca), &identity)).await;
    works(&at("127.0.0.1", Verify::Authority, Some(&ca), &identity)).await;
    works(&at("127.0.0.1", Verify::Nothing, None, &identity)).await;
    for verify in [Verify::Authority, Verify::Full] {
        let error = refused(&at("localhost", verify, None, &identity)).await;
        assert!(error.message().ends_with("is not trusted"), "{error:?}");
    }
    let nobody = refused(&at("localhost", Verify::Full, Some(&ca), &None)).await;
    insta::assert_snapshot!(told(&nobody), @r#"
    Config: rediss://localhost:PORT/0 broke off the TLS handshake
      because received fatal alert: CertificateRequired
      hint it may want to know opsctl's certificate: `tls = { certificate = "PATH", key = "PATH" }` in an opsctl.toml, `local_cert` and `local_pk` in the application's TLS options
    "#);
    let other = authority.certify("other", &["DNS:other"]);
    let pair = identity.clone().map(|mine| Identity { key: other.key.clone(), ..mine });
    let mismatched = refused(&at("localhost", Verify::Full, Some(&ca), &pair)).await;
    assert_eq!(mismatched.kind(), Kind::Config, "{mismatched:?}");
    assert!(mismatched.message().contains("/me.pem and the key "), "{mismatched:?}");
    assert!(mismatched.message().contains(other.key.to_str().unwrap()), "{mismatched:?}");
    let no_certificate = refused(&at("localhost", Verify::Full, Some(&other.key), &None)).await;
    assert_eq!(no_certificate.kind(), Kind::Config, "{no_certificate:?}");
    assert!(no_certificate.message().ends_with("holds no certificate in PEM form"), "{no_certificate:?}");
    let gone = refused(&at("localhost", Verify::Full, Some(&ca.with_file_name("gone.pem")), &identity)).await;
    assert!(gone.message().ends_with("gone.pem cannot be read"), "{gone:?}");
}

#[tokio::test]
async fn a_master_that_steps_down_is_left_for_the_new_one() {
    let Some(set) = SentinelSet::start(&[], "") else { return };
    let redis = locks_of(&by_sentinel(&set), &[]);
    let held = take(&redis, "job").await.unwrap();
    assert_eq!(set.master.cli(&["WAIT", "1", "5000"]), "1");
    assert_eq!(set.sentinels[0].cli(&["SENTINEL", "FAILOVER", MASTER]), "OK");
    set.wait_for_replica();
    locks(&redis).renew(&held).await.unwrap();
    assert_eq!(set.replica.say(&["GET", "app-cache-job"]), "me");
    assert!(locks(&redis).release(&held).await.unwrap());
}

// On the same connection: what takes no writes any more is left, the sentinel is asked again, and is not believed.
#[tokio::test]
async fn what_a_sentinel_names_must_be_a_master() {
    let Some(server) = redis::Redis::start(&[]) else { return };
    let sentinel = Sentinel::start(server.port, "");
    let redis = locks_of(&by_sentinels(&format!("\"127.0.0.1:{}\"", sentinel.port)), &[]);
    works(&redis).await;
    assert_eq!(server.cli(&["REPLICAOF", "127.0.0.1", "1"]), "OK");
    let error = refused(&redis).await;
    assert_eq!(error.kind(), Kind::Unreachable);
    assert!(error.causes()[0].ends_with("is named as the master, and is a replica"), "{error:?}");
    assert_eq!(server.cli(&["REPLICAOF", "NO", "ONE"]), "OK");
    works(&redis).await;
}

fn by_sentinel(set: &SentinelSet) -> String {
    by_sentinels(&set.nodes())
}

fn by_sentinels(nodes: &str) -> String {
    format!("sentinel = {{ master = \"{MASTER}\", nodes = [{nodes}] }}\n{DATABASES}")
}

/// A SQLite application with due events, its locks where `redis` says.
async fn room(redis: &str) -> (Case, World) {
    let case = Case::new(opsctl::db::Engine::Sqlite, Schema::Service).await.unwrap();
    World::watch(&case).await;
    let mut world = World::default();
    world.add(&case, 250, &[Plan::Applied], &mut StdRng::seed_from_u64(7)).await;
    std::fs::write(case.folder.path().join("opsctl.toml"), toml(redis)).unwrap();
    (case, world)
}

const RETRY: [&str; 4] = ["webhooks", "retry-once", "--limit", "5000"];

#[tokio::test]
async fn a_run_goes_on_when_its_master_dies_and_another_takes_over() {
    let Some(mut set) = SentinelSet::start(&[], "") else { return };
    let (case, world) = room(&by_sentinel(&set)).await;
    let said = case.run(&["redis", "ping"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.err.contains("3 of 3 sentinels of `hooks` answer; 2 must agree"), "{}", said.err);
    assert!(said.out.contains(&format!("redis://127.0.0.1:{}", set.master.port)), "{}", said.out);
    let held = case.hold("after-commit#1", &RETRY);
    assert!(!set.master.lock_key().is_empty());
    set.fail_over();
    let said = held.go();
    assert_eq!(said.code, 0, "{said:?}");
    world.check_done(&case, "under another master").await;
    assert!(set.replica.lock_key().is_empty(), "the lock is given back");
    let said = case.run(&["redis", "ping"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains(&format!("redis://127.0.0.1:{}", set.replica.port)), "{}", said.out);
    set.replica.kill();
    assert_eq!(case.run(&RETRY).code, 7);
}

#[tokio::test]
async fn sentinels_have_credentials_and_tls_of_their_own() {
    let authority = Authority::new();
    let lines = authority.certify("sentinel", &["DNS:localhost"]).lines();
    let lines = format!("{lines}user watch on >hunter2-watch +@all allchannels\n");
    let Some(mut set) = SentinelSet::start(&[], &lines) else { return };
    for server in [&set.master, &set.replica] {
        assert_eq!(server.cli(&["ACL", "SETUSER", "ops", "on", ">hunter2-ops", "~*", "+@all"]), "OK");
    }
    let ca = authority.file();
    let redis = format!(
        "username = \"ops\"\npassword = \"env:OPS\"\n{DATABASES}\n[redis.sentinel]\nmaster = \"{MASTER}\"\n\
         nodes = [{}]\nusername = \"watch\"\npassword = \"env:WATCH\"\ntls = {{ ca = \"{}\" }}",
        set.tls_nodes(),
        ca.display()
    );
    let right = [("OPS", "hunter2-ops"), ("WATCH", "hunter2-watch")];
    works(&locks_of(&redis, &right)).await;
    let error = refused(&locks_of(&redis, &[("OPS", "hunter2-ops"), ("WATCH", "hunter2-ops")])).await;
    assert_eq!(error.kind(), Kind::Config);
    assert!(error.causes()[0].contains("the sentinel rediss://localhost:"), "{error:?}");
    let error = refused(&locks_of(&redis, &[("OPS", "hunter2-watch"), ("WATCH", "hunter2-watch")])).await;
    assert!(error.causes()[0].contains("the master redis://127.0.0.1:"), "{error:?}");
    let error = refused(&locks_of(&redis.replace(MASTER, "others"), &right)).await;
    assert_eq!(error.kind(), Kind::Config);
    assert!(
        error.causes()[0]
            .contains("all 3 sentinels answer, and none of them watches a master named `others`"),
        "{error:?}"
    );
    let error = refused(&locks_of(&redis.replace("localhost", "127.0.0.1"), &right)).await;
    assert!(error.causes()[0].contains("not valid for name"), "{error:?}");
    set.sentinels.truncate(1);
    works(&locks_of(&redis, &right)).await;
    let folder = folder(&redis);
    let said: Said = program(folder.path()).args(["redis", "ping"]).envs(right).output().unwrap().into();
    assert_eq!(said.code, 7, "{said:?}");
    assert!(said.err.contains("1 of 3 sentinels answer, too few for a failover of `hooks`"), "{}", said.err);
    assert!(said.out.contains("master") && !said.err.contains("hunter2"), "{said:?}");
}

#[tokio::test]
async fn a_cluster_holds_locks_in_all_its_slots() {
    let Some(mut cluster) = Cluster::start() else { return };
    let place = format!("cluster = [{}]", cluster.nodes());
    let redis = locks_of(&place, &[]);
    assert_eq!(redis.target().database, 0);
    works(&redis).await;
    let mut held = Vec::new();
    for name in 0..30 {
        held.push(take(&redis, &format!("job-{name}")).await.unwrap());
    }
    let keys = cluster.keys("app-cache-job-*");
    assert!(keys.iter().all(|keys| !keys.is_empty()), "{keys:?}");
    for held in &held {
        locks(&redis).renew(held).await.unwrap();
        assert!(locks(&redis).release(held).await.unwrap());
    }
    assert!(cluster.keys("*").iter().all(Vec::is_empty));
    // All keys of a queue lie on one node, as Laravel's scripts need them.
    let keys = QueueKeys::new(&redis, "webhooks");
    let slot = |key: &str| cluster.nodes[0].cli(&["CLUSTER", "KEYSLOT", key]);
    assert_eq!(keys.ready, "app-queues:{webhooks}");
    assert!([&keys.delayed, &keys.reserved, &keys.notify].iter().all(|key| slot(key) == slot(&keys.ready)));
    let wrong = locks_of(&format!("url = \"redis://127.0.0.1:{}\"\n{ZEROS}", cluster.nodes[0].port), &[]);
    let mut told = Vec::new();
    for name in 0..30 {
        told.extend(locks(&wrong).acquire(&format!("job-{name}"), "me", 60).await.err());
    }
    assert!(told.iter().all(|error| error.message().contains("is a node of a Cluster")), "{told:?}");
    assert!(!told.is_empty());
    cluster.nodes.pop();
    let folder = folder(&place);
    let said = run(folder.path(), &["redis", "ping"]);
    assert_eq!((said.code, said.out.matches("master").count()), (7, 2), "{said:?}");
}

const ZEROS: &str = "databases = { default = 0, cache = 0, queue = 0, lock = 0 }";

#[tokio::test]
async fn a_whole_run_has_its_lock_on_a_cluster() {
    let Some(cluster) = Cluster::start() else { return };
    let (case, world) = room(&format!("cluster = [{}]", cluster.nodes())).await;
    let held = case.hold("after-commit#1", &RETRY);
    let keys: Vec<String> = cluster.keys("*").concat();
    assert_eq!(keys, ["app-cache-tenrusl:cmd:webhooks:retry:global"]);
    assert_eq!(case.run(&RETRY).code, 8);
    let said = held.go();
    assert_eq!(said.code, 0, "{said:?}");
    world.check_done(&case, "on a Cluster").await;
    assert!(cluster.keys("*").iter().all(Vec::is_empty), "the lock is given back");
    let said = case.run(&["redis", "ping"]);
    assert_eq!((said.code, said.out.matches("master").count()), (0, 3), "{said:?}");
    assert!(said.err.contains("The Cluster is ok: 16384 of 16384 slots assigned, 3 masters"), "{}", said.err);
}

#[tokio::test]
async fn a_cluster_over_tls_verifies_every_node() {
    let authority = Authority::new();
    let Some(cluster) = Cluster::start_over_tls(&authority) else { return };
    let place = |tls: &str| format!("cluster = [{}]\ntls = {tls}", cluster.tls_nodes());
    let known = place(&format!("{{ ca = \"{}\" }}", authority.file().display()));
    let redis = locks_of(&known, &[]);
    for name in 0..10 {
        take(&redis, &format!("job-{name}")).await.unwrap();
    }
    assert!(cluster.keys("*").iter().all(|keys| !keys.is_empty()));
    let said = run(folder(&known).path(), &["redis", "ping"]);
    assert_eq!((said.code, said.out.matches("rediss://127.0.0.1:").count()), (0, 3), "{said:?}");
    let unknown = refused(&locks_of(&place("true"), &[])).await;
    assert!(unknown.message().ends_with("is not trusted"), "{unknown:?}");
}

#[tokio::test]
async fn one_server_is_no_cluster_and_no_sentinel() {
    let Some(server) = redis::Redis::start(&[]) else { return };
    let port = server.port;
    let no_cluster = refused(&locks_of(&format!("cluster = [\"127.0.0.1:{port}\"]"), &[])).await;
    insta::assert_snapshot!(told(&no_cluster), @r"
    Config: redis://127.0.0.1:PORT is no Cluster
      because This instance has cluster support disabled
      hint it is named by /tmp/FILE redis.cluster; one server is named by `url`
    ");
    let sentinel =
        format!("sentinel = {{ master = \"{MASTER}\", nodes = [\"127.0.0.1:{port}\"] }}\n{DATABASES}");
    insta::assert_snapshot!(told(&refused(&locks_of(&sentinel, &[])).await), @r"
    Config: redis+sentinel://127.0.0.1:PORT/hooks/3 has no master that can be used
      because redis://127.0.0.1:PORT is no sentinel
      hint the address comes from /tmp/FILE redis.sentinel; sentinels listen on 26379 as a rule
    ");
}
