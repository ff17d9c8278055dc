//! A migration of many databases, some of them with a table that another connection holds, some with a statement that
//! fails, by a tool that is killed again and again: the report names each as it is, nothing of ours holds others up for
//! longer than it may, and the next run finishes the rest. `scripts/crash --only fleet_rounds` runs the long form.

use std::{
    collections::BTreeMap,
    process::{Child, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use opsctl::db::{Begin, Engine, Query};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde_json::Value;

use crate::support::{
    cli::{Said, program},
    databases::Databases,
    is_wanted, number, server,
};

/// Longest wait for a lock that the runs may take.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);
/// What a look from outside may see of it beyond that.
const GRACE: Duration = Duration::from_millis(500);
/// Time between two looks at waiting connections.
const LOOK: Duration = Duration::from_millis(20);

/// A team's own migrations: the second needs the table for itself, the third fails where the column is there.
const FILES: [(&str, &str); 4] = [
    ("0001_orders.sql", "CREATE TABLE orders (id bigint PRIMARY KEY, total bigint NOT NULL);"),
    ("0002_note.sql", "ALTER TABLE orders ADD COLUMN note varchar(64);"),
    ("0003_paid.sql", "ALTER TABLE orders ADD COLUMN paid bigint;\nUPDATE orders SET paid = total;"),
    ("0004_index.sql", "CREATE INDEX orders_paid ON orders (paid);"),
];

/// What was done to the databases, and what is therefore expected of them.
struct Fleet {
    databases: Databases,
    held: Vec<String>,
    failing: Vec<String>,
    folder: tempfile::TempDir,
}

impl Fleet {
    async fn make(url: &str, count: usize, random: &mut StdRng) -> Self {
        let databases = Databases::make(url, "f", count).await;
        let folder = tempfile::tempdir().unwrap();
        databases.register_as_made(folder.path());
        std::fs::create_dir(folder.path().join("sql")).unwrap();
        for (name, text) in FILES {
            std::fs::write(folder.path().join("sql").join(name), text).unwrap();
        }
        let mut names = databases.names.clone();
        names.shuffle(random);
        let (tenth, twentieth) = (count.div_ceil(10), count.div_ceil(20));
        let held = names[..tenth].to_vec();
        let failing = names[tenth..tenth + twentieth].to_vec();
        Self { databases, held, failing, folder }
    }

    fn words<'a>(&self, more: &[&'a str]) -> Vec<&'a str> {
        let mut words = vec!["clusters", "migrate", "--path", "sql", "--on-error", "continue", "--json"];
        words.extend(["--lock-timeout", "1s", "--lock-retries", "2"]);
        words.extend(more);
        words
    }

    fn start(&self, more: &[&str]) -> Child {
        let mut command = program(self.folder.path());
        command.args(self.words(more)).env_remove("OPSCTL_NOW");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn run(&self, more: &[&str]) -> (i32, BTreeMap<String, Value>) {
        let said: Said = self.start(more).wait_with_output().unwrap().into();
        let report: Value =
            serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
        let items = report["data"].as_array().unwrap_or_else(|| panic!("{said:?}"));
        let named = items.iter().map(|item| (item["cluster"].as_str().unwrap().to_owned(), item.clone()));
        (said.code, named.collect())
    }

    /// The columns of the table, and the versions that the records say.
    async fn state(&self, name: &str) -> (Vec<String>, Vec<String>) {
        let schema = match self.databases.admin.engine() {
            Engine::Postgres => "current_schema()",
            _ => "DATABASE()",
        };
        let columns = format!(
            "SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'orders' \
             AND table_schema = {schema} ORDER BY ordinal_position"
        );
        let applied =
            format!("SELECT version FROM {} WHERE success ORDER BY version", opsctl::schema::TEAM_TABLE);
        (self.databases.lines(name, &columns).await, self.databases.lines(name, &applied).await)
    }
}

/// Connections that hold a table each, as somebody's forgotten transaction does.
struct Holders(Arc<AtomicBool>, Vec<std::thread::JoinHandle<()>>);

impl Holders {
    fn hold(fleet: &Fleet) -> Self {
        let go_on = Arc::new(AtomicBool::new(true));
        let (told, ready) = std::sync::mpsc::channel();
        let threads = fleet.held.iter().map(|name| {
            let (db, go_on, told) = (fleet.databases.db(name), go_on.clone(), told.clone());
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let mut session = db.session().await.unwrap();
                    session.begin(Begin::Write).await.unwrap();
                    session.fetch(Query::new("SELECT total FROM orders")).await.unwrap();
                    told.send(()).unwrap();
                    while go_on.load(Ordering::Relaxed) {
                        // A look now and then: the server ends transactions that sit idle.
                        session.fetch(Query::new("SELECT total FROM orders")).await.unwrap();
                        tokio::time::sleep(Duration::from_millis(200)).await;
                    }
                    session.rollback().await.unwrap();
                    drop(session);
                    db.close().await;
                });
            })
        });
        let threads: Vec<_> = threads.collect();
        (0..threads.len()).for_each(|_| ready.recv().unwrap());
        Self(go_on, threads)
    }

    fn let_go(self) {
        self.0.store(false, Ordering::Relaxed);
        self.1.into_iter().for_each(|thread| thread.join().unwrap());
    }
}

/// Looks at the server for connections that wait for a lock; gives the longest wait that it saw.
struct Sampler(Arc<AtomicBool>, std::thread::JoinHandle<(Duration, u64)>);

impl Sampler {
    fn start(fleet: &Fleet) -> Self {
        let go_on = Arc::new(AtomicBool::new(true));
        let (db, told) = (fleet.databases.db(&fleet.databases.admin.target().name), go_on.clone());
        // Who waits for the locks of a table, by the server's own word.
        let sql = match db.engine() {
            Engine::Postgres => {
                "SELECT a.pid AS id, concat(a.pid, ' ', a.query_start) AS wait FROM pg_stat_activity a \
                 WHERE a.wait_event_type = 'Lock' AND a.wait_event <> 'advisory' \
                 AND a.application_name LIKE 'opsctl migrate%'"
            }
            _ => {
                "SELECT id, CONCAT(id, ' ', query_id) AS wait FROM information_schema.processlist \
                 WHERE state LIKE 'Waiting for table%' OR state = 'Waiting for schema metadata lock'"
            }
        };
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut session = db.session().await.unwrap();
                let (mut first, mut longest, mut waits) =
                    (BTreeMap::<String, Instant>::new(), Duration::ZERO, 0);
                while told.load(Ordering::Relaxed) {
                    let now = Instant::now();
                    let rows = session.fetch(Query::new(sql)).await.unwrap();
                    let waiting: Vec<String> = rows.iter().map(|row| row.text("wait").unwrap()).collect();
                    first.retain(|wait, _| waiting.contains(wait));
                    for wait in waiting {
                        let since = *first.entry(wait).or_insert_with(|| {
                            waits += 1;
                            now
                        });
                        longest = longest.max(now - since);
                    }
                    tokio::time::sleep(LOOK).await;
                }
                drop(session);
                db.close().await;
                (longest, waits)
            })
        });
        Self(go_on, thread)
    }

    fn stop(self) -> (Duration, u64) {
        self.0.store(false, Ordering::Relaxed);
        self.1.join().unwrap()
    }
}

fn outcome(item: &Value) -> &str {
    item["outcome"].as_str().unwrap()
}

async fn rounds(url: &str, count: usize, kills: u32) {
    let mut random = StdRng::seed_from_u64(number("OPSCTL_TEST_SEED", 7));
    let fleet = Fleet::make(url, count, &mut random).await;
    let (code, items) = fleet.run(&["--to", "1"]);
    assert_eq!((code, items.len()), (0, count), "{items:?}");
    for name in &fleet.failing {
        fleet.databases.execute(name, "ALTER TABLE orders ADD COLUMN paid bigint").await;
    }
    let holders = Holders::hold(&fleet);
    let sampler = Sampler::start(&fleet);
    let whole = Instant::now();
    for _ in 0..kills {
        let mut child = fleet.start(&[]);
        let after = Duration::from_millis(random.random_range(20..200 + 20 * count as u64));
        std::thread::sleep(after);
        let _ = child.kill();
        child.wait().unwrap();
    }
    eprintln!("{count} databases, {kills} kills in {:.1} s", whole.elapsed().as_secs_f32());
    let (code, items) = fleet.run(&[]);
    let (longest, waits) = sampler.stop();
    assert!(waits > 0, "nothing of ours ever waited: the test shows nothing");
    assert!(longest <= LOCK_TIMEOUT + GRACE, "a connection of ours waited for {longest:?}");
    eprintln!("{waits} waits for locks, the longest {longest:?}");
    check(&fleet, code, &items).await;
    holders.let_go();
    for name in &fleet.failing {
        fleet.databases.execute(name, "ALTER TABLE orders DROP COLUMN paid").await;
    }
    let untouched: Vec<&String> = items.keys().filter(|name| is_sound(&fleet, name)).collect();
    let (code, items) = fleet.run(&[]);
    assert_eq!(code, 0, "{items:?}");
    for (name, item) in &items {
        let wanted = if untouched.contains(&name) { "skipped" } else { "applied" };
        assert_eq!(outcome(item), wanted, "{item}");
        let (columns, applied) = fleet.state(name).await;
        assert_eq!(columns, ["id", "total", "note", "paid"], "{name}");
        assert_eq!(applied, ["1", "2", "3", "4"], "{name}");
    }
    fleet.databases.finish().await;
}

fn is_sound(fleet: &Fleet, name: &String) -> bool {
    !fleet.held.contains(name) && !fleet.failing.contains(name)
}

/// Each database is told as it is.
async fn check(fleet: &Fleet, code: i32, items: &BTreeMap<String, Value>) {
    assert_eq!(code, 8, "the locks of others outrank what failed: {items:?}");
    for (name, item) in items {
        let (columns, applied) = fleet.state(name).await;
        if fleet.held.contains(name) {
            assert_eq!(outcome(item), "locked", "{item}");
            assert_eq!(applied, ["1"], "{item}");
            assert_eq!(columns, ["id", "total"], "{item}");
        } else if fleet.failing.contains(name) {
            assert!(matches!(outcome(item), "failed" | "dirty"), "{item}");
            assert_eq!(applied, ["1", "2"], "{item}");
            assert!(item["error"].as_str().unwrap().contains("paid"), "{item}");
        } else {
            assert!(matches!(outcome(item), "applied" | "skipped"), "{item}");
            assert_eq!(applied, ["1", "2", "3", "4"], "{item}");
        }
    }
}

// All clusters are planned before the first is begun; who has planned one gives its connection back.
#[tokio::test]
async fn no_more_connections_are_open_than_clusters_are_at_work() {
    let Some(url) = server("OPSCTL_TEST_POSTGRES_URL").filter(|_| is_wanted(Engine::Postgres)) else {
        return;
    };
    let fleet = Fleet::make(&url, 12, &mut StdRng::seed_from_u64(7)).await;
    let role = format!("few{}", std::process::id());
    let admin = fleet.databases.admin.target().name.clone();
    let made = format!("CREATE ROLE {role} LOGIN PASSWORD 'few' CONNECTION LIMIT 6");
    fleet.databases.execute(&admin, &made).await;
    for name in &fleet.databases.names {
        fleet.databases.execute(&admin, &format!("ALTER DATABASE {name} OWNER TO {role}")).await;
    }
    fleet.databases.register(fleet.folder.path(), &role, "few");
    let (code, items) = fleet.run(&["--parallel", "2"]);
    assert_eq!((code, items.len()), (0, 12), "{items:?}");
    fleet.databases.cleared_by(&format!("DROP ROLE {role}")).await;
}

#[tokio::test]
async fn postgres() {
    let Some(url) = server("OPSCTL_TEST_POSTGRES_URL").filter(|_| is_wanted(Engine::Postgres)) else {
        return;
    };
    rounds(&url, number("OPSCTL_TEST_POSTGRES_DATABASES", 20), number("OPSCTL_TEST_FLEET_KILLS", 3)).await;
}

#[tokio::test]
async fn mariadb() {
    let Some(url) = server("OPSCTL_TEST_MARIADB_URL").filter(|_| is_wanted(Engine::MySql)) else { return };
    rounds(&url, number("OPSCTL_TEST_MARIADB_DATABASES", 20), number("OPSCTL_TEST_FLEET_KILLS", 3)).await;
}
