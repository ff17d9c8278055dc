//! `opsctl about`: one report that always comes out.

use std::{net::TcpListener, time::Instant};

use serde_json::Value;

use crate::{
    on_every_engine,
    support::{
        Case, Schema,
        cli::{Said, opsctl, run},
        disk::Disk,
        redis::Redis,
    },
};

fn json(out: &str) -> Value {
    serde_json::from_str(out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

#[test]
fn an_embedded_folder_in_full() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(folder.path(), &["init", "--embedded"]).code, 0);
    let said = run(folder.path(), &["about"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    insta::with_settings!({filters => [(r"SQLite [0-9.]+", "SQLite VERSION"), (r"Version \.+ [0-9.]+", "Version ... N"), (r"(debug|release), .*", "BUILD")]}, {
        insta::assert_snapshot!(said.out.replace(&folder.path().display().to_string(), "DIR"), @r#"
        Opsctl
          Version ... N
          Build ..................... BUILD
          State ..................... DIR/state
          Journal ................... DIR/state/journal.jsonl
          Configuration ............. DIR/.config/opsctl/opsctl.toml
          Cache ..................... DIR/.cache/opsctl

        Context
          Name ...................... default (the opsctl.toml of this folder)
          Protected ................. no (its environment is local)
          Environment ............... local (opsctl.toml environment)
          File ...................... DIR/opsctl.toml
          System .................... webhooks (opsctl.toml system)

        Systems
          Configured ................ webhooks (opsctl.toml system)
          Detected .................. webhooks (the tables of the database)

        Database
          Address ................... sqlite:DIR/opsctl-data/central.sqlite (opsctl.toml database.url)
          Prefix .................... (empty)
          Server .................... SQLite VERSION
          Read only ................. no
          Skip locked ............... no
          Journal mode .............. wal

        Redis
          Server .................... not set

        Locks
          Store ..................... database (opsctl.toml cache.store)
          Place ..................... table cache_locks of the database
          Prefix .................... (empty) (opsctl.toml cache.prefix)

        Queue
          Connection ................ database (opsctl.toml queue.connection)

        Settings
          Scheduler limit ........... 200 (default)
          Max retry attempts ........ 5 (default)
          Scheduler backoff mode .... full (default)
          Retry base ................ 500 ms (default)
          Retry cap ................. 30000 ms (default)
          Retry min lease ........... 250 ms (default)
          Processing lease .......... 60 s (default)
          Retry command lock ........ 900 s (default)
          Retry command lock store .. (empty) (default)

        Schema
          Owner ..................... opsctl
          Missing ................... none
          Migrations pending ........ 0

        Fleet
          Registered in ............. nowhere: the central database is the one cluster
          Clusters .................. 1
          Statuses .................. 1 active
          Tenants ................... 0
        "#);
    });
    let report = json(&run(folder.path(), &["about", "--json"]).out);
    assert_eq!((&report["command"], &report["context"]), (&"about".into(), &"default".into()));
    let shown = |value: &Value| value.to_string().replace(&folder.path().display().to_string(), "DIR");
    insta::assert_snapshot!(shown(&report["data"]["locks"]), @r#"{"store":{"value":"database","origin":"DIR/opsctl.toml cache.store","standing":"plain"},"place":{"value":"table cache_locks of the database","origin":null,"standing":"plain"},"prefix":{"value":"","origin":"DIR/opsctl.toml cache.prefix","standing":"plain"}}"#);
    insta::assert_snapshot!(report["data"]["schema"], @r#"{"owner":{"value":"opsctl","origin":null,"standing":"plain"},"missing":{"value":[],"origin":null,"standing":"good"},"migrations_pending":{"value":0,"origin":null,"standing":"good"}}"#);
    insta::assert_snapshot!(report["summary"], @r#"{"problems":0,"warnings":0}"#);
}

on_every_engine! {
    async fn the_server_the_session_and_the_schema_are_told(case: &Case) {
        case.write_env("QUEUE_CONNECTION=database\nTENRUSL_SCHEDULER_LIMIT=17\n");
        let said = case.run(&["about", "--json"]);
        assert_eq!(said.code, 0, "{said:?}");
        let report = json(&said.out);
        let data = &report["data"];
        let server = data["database"]["server"]["value"].as_str().unwrap();
        let product = match case.target.engine {
            Engine::Postgres => "PostgreSQL ",
            Engine::MySql => "MariaDB ",
            Engine::Sqlite => "SQLite ",
        };
        assert!(server.starts_with(product), "{report:#}");
        assert_eq!(data["database"]["read_only"]["value"], false);
        if case.target.engine != Engine::Sqlite {
            assert_eq!(data["database"]["password"]["value"], "set");
            assert!(data["database"]["password"]["origin"].as_str().unwrap().ends_with(".env DB_PASSWORD"));
            assert_eq!(data["database"]["clock_ahead_ms"]["value"], 0);
            assert!(data["database"]["session_time_zone"]["value"].is_string(), "{report:#}");
            assert!(data["database"]["session_user"]["value"].as_str().unwrap().starts_with("opsctl"));
            assert!(data["database"]["session_tls"]["value"].is_string());
        }
        assert_eq!(data["systems"]["detected"]["value"], serde_json::json!(["webhooks"]));
        assert_eq!(data["settings"]["scheduler_limit"]["value"], 17);
        assert!(data["settings"]["scheduler_limit"]["origin"].as_str().unwrap().ends_with(".env TENRUSL_SCHEDULER_LIMIT"));
        assert_eq!(data["schema"]["owner"]["value"], "an application");
        assert_eq!(data["schema"]["missing"]["value"], serde_json::json!([]));
        let own = opsctl::schema::OPSCTL.migrations(case.target.engine).len();
        assert_eq!(data["schema"]["migrations_pending"]["value"], own);
        assert_eq!(data["redis"]["server"]["value"], "not asked: neither locks nor the queue are on Redis");
    }

    async fn missing_tables_and_columns_are_named(case: &Case) {
        case.write_env("");
        case.execute("ALTER TABLE webhook_events RENAME COLUMN attempts TO tries").await;
        case.execute("DROP TABLE cache_locks").await;
        let said = case.run(&["about", "--only", "schema", "--json"]);
        let report = json(&said.out);
        assert_eq!(report["data"]["schema"]["missing"]["value"], serde_json::json!(["webhook_events.attempts", "cache_locks"]));
        assert_eq!((&report["summary"]["problems"], said.code), (&1.into(), 0));
        assert_eq!(report["data"].as_object().unwrap().len(), 1, "only what was asked for");
    }

    async fn no_secret_is_in_any_format(case: &Case) {
        use secrecy::ExposeSecret;
        case.write_env("REDIS_HOST=127.0.0.1\nREDIS_PORT=1\nREDIS_PASSWORD=hunter2\nREDIS_USERNAME=ana\n");
        let password = case.target.password.as_ref().map_or("hunter2", |password| password.expose_secret());
        for format in ["table", "json", "jsonl", "csv", "ids"] {
            let said = case.run(&["about", "-vvv", "-o", format]);
            assert_eq!(said.code, 0, "{said:?}");
            let said = format!("{said:?}");
            assert!(!said.contains("hunter2") && !said.contains(password), "{format}: {said}");
        }
    }
}

#[test]
fn the_redis_roles_are_asked_each_in_its_place() {
    let Some(redis) = Redis::start(&["--requirepass", "hunter2"]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let env = format!(
        "APP_NAME=Pay\nAPP_ENV=local\nTENRUSL_SCHEDULER_LIMIT=5\nDB_CONNECTION=sqlite\nDB_DATABASE=none\nREDIS_PASSWORD=hunter2\n{}",
        redis.settings(redis.port)
    );
    std::fs::write(folder.path().join(".env"), &env).unwrap();
    let said = run(folder.path(), &["about", "--only", "redis,locks,queue", "--json"]);
    let report = json(&said.out);
    let data = &report["data"];
    for (role, number) in [("default", 0), ("cache", 1), ("queue", 2), ("lock", 3)] {
        assert_eq!(data["redis"][role]["value"], format!("redis://127.0.0.1:{}/{number}", redis.port));
        assert_eq!(data["redis"][format!("{role}_prefix")]["value"], "pay-local-database-");
        let server = &data["redis"][format!("{role}_server")];
        assert!(server["value"].as_str().unwrap().starts_with("Redis "), "{report:#}");
        assert_eq!(server["standing"], "good");
    }
    assert_eq!(data["redis"]["default_password"]["value"], "set");
    assert_eq!(data["locks"]["client_prefix"]["value"], "pay-local-database-");
    assert_eq!(data["locks"]["prefix"]["value"], "pay-local-cache-");
    assert_eq!(data["redis"]["lock_prefix"]["origin"], "made of the application's name");
    assert_eq!(data["queue"]["connection"]["value"], "redis");
    assert!(!said.out.contains("hunter2"));
    // A wrong password is a line of the report, too.
    std::fs::write(folder.path().join(".env"), env.replace("hunter2", "wrong")).unwrap();
    let said = run(folder.path(), &["about", "--only", "redis", "--json"]);
    let report = json(&said.out);
    assert_eq!((said.code, &report["data"]["redis"]["default_server"]["standing"]), (0, &"bad".into()));
    assert!(
        report["data"]["redis"]["default_server"]["value"]
            .as_str()
            .unwrap()
            .contains("refused the credentials")
    );
}

// Servers that take a connection and say nothing: the report waits for both at the same time, and no longer.
#[test]
fn servers_that_do_not_answer_are_lines_of_the_report() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    for (system, driver, at) in
        [("TENRUSL_SCHEDULER_LIMIT=5\n", "pgsql", port), ("", "mariadb", port), ("", "pgsql", 1)]
    {
        let env = format!(
            "APP_NAME=Pay\nAPP_ENV=local\nDB_CONNECTION={driver}\nDB_HOST=127.0.0.1\nDB_PORT={at}\nDB_PASSWORD=x\n\
             CACHE_STORE=redis\nREDIS_HOST=127.0.0.1\nREDIS_PORT={at}\n{system}"
        );
        std::fs::write(folder.path().join(".env"), env).unwrap();
        let started = Instant::now();
        let said = run(folder.path(), &["about", "--json"]);
        assert!(started.elapsed().as_millis() < 7500, "{:?}", started.elapsed());
        assert_eq!(said.code, 0, "{said:?}");
        let report = json(&said.out);
        assert_eq!(report["data"]["database"]["server"]["standing"], "bad", "{report:#}");
        // One server behind four roles is told once.
        let redis = &report["data"]["redis"]["default_server"];
        assert_eq!(
            (&redis["standing"], &report["data"]["redis"]["lock_server"]),
            (&"bad".into(), &Value::Null)
        );
        assert!(
            redis["value"].as_str().unwrap().ends_with("; likewise for cache, queue, lock"),
            "{report:#}"
        );
        assert_eq!(report["data"]["schema"]["unknown"]["value"], "the database could not be asked");
        assert_eq!(report["data"]["settings"]["max_retry_attempts"]["value"], 5);
        assert_eq!(report["summary"]["problems"], 2);
        let started = Instant::now();
        let said = run(folder.path(), &["about", "--timeout", "1s"]);
        assert!(started.elapsed().as_millis() < 3500, "{:?}", started.elapsed());
        assert_eq!(
            (said.code, said.err.starts_with("Wrong: database server, redis default server.")),
            (0, true),
            "{said:?}"
        );
    }
}

#[test]
fn without_any_configuration_it_says_where_it_looked() {
    let folder = tempfile::tempdir().unwrap();
    let said = run(folder.path(), &["about", "--only", "context,database,redis"]);
    assert_eq!(said.code, 0);
    insta::assert_snapshot!(said.out.replace(&folder.path().display().to_string(), "DIR"), @r#"
    Context
      Name ......... environment (nothing: no source names a place)
      Protected .... no
      Environment .. not set
      System ....... not set
      Looked at .... OPSCTL_DATABASE_URL, OPSCTL_REDIS_URL, DB_* and REDIS_* in the environment, DIR/opsctl.toml, DIR/bootstrap/cache/config.php, DIR/.env, DIR/.config/opsctl/chosen.toml

    Database
      Address ...... not set
        hint: see it work on an embedded database first: `opsctl demo`
        hint: write a configuration: `opsctl init`, or run in the application's folder (`--app DIR`)

    Redis
      Server ....... not set
    "#);
}

#[test]
fn a_context_that_cannot_be_made_out_leaves_the_rest_of_the_report() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("opsctl.toml"), "[contexts.prod.database]\nurl = \"sqlite:x\"\n")
        .unwrap();
    let said = run(folder.path(), &["--context", "prd", "about"]);
    assert_eq!(said.code, 9);
    assert!(said.out.contains("Journal") && said.out.contains("no context is named `prd`"), "{said:?}");
    assert!(said.err.contains("did you mean `--context prod`?"), "{said:?}");
    std::fs::write(folder.path().join("opsctl.toml"), "what is this").unwrap();
    let said = run(folder.path(), &["about"]);
    assert_eq!((said.code, said.out.contains("cannot be understood")), (6, true), "{said:?}");
    // It is counted, and there whatever was asked for.
    for words in [&["about", "--json"][..], &["about", "--only", "redis", "--json"]] {
        let report = json(&run(folder.path(), words).out);
        assert_eq!(report["summary"]["problems"], 1, "{report:#}");
        assert_eq!(report["data"]["context"]["problem"]["standing"], "bad", "{report:#}");
    }
}

#[test]
fn a_system_that_a_variable_tells_is_told_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let env = "DB_CONNECTION=sqlite\nDB_DATABASE=x\nTENRUSL_SCHEDULER_LIMIT=5\n";
    std::fs::write(folder.path().join(".env"), env).unwrap();
    let said = run(folder.path(), &["about", "--only", "context"]);
    assert!(said.out.contains("webhooks (.env TENRUSL_SCHEDULER_LIMIT)"), "{said:?}");
}

#[test]
fn json_and_jsonl_have_the_same_members() {
    let folder = tempfile::tempdir().unwrap();
    let report = json(&run(folder.path(), &["about", "--only", "opsctl", "--json"]).out);
    let version = report["data"]["opsctl"]["version"].as_object().unwrap();
    assert_eq!(version.get("origin"), Some(&Value::Null), "{report:#}");
    let lines = run(folder.path(), &["about", "--only", "opsctl", "-o", "jsonl"]).out;
    assert_eq!(json(lines.lines().next().unwrap())["origin"], Value::Null);
}

// In WAL mode readers share a file beside it, which they would have to make.
#[test]
fn a_sqlite_file_that_may_only_be_read_is_read_and_said_not_to_be_writable() {
    let Some(disk) = Disk::new(8) else { return };
    let (folder, home) = (disk.path(), tempfile::tempdir().unwrap());
    let state = home.path().display().to_string();
    let run = |words: &[&str]| -> Said {
        opsctl(folder).env("OPSCTL_STATE_DIR", &state).args(words).output().unwrap().into()
    };
    assert_eq!(run(&["init", "--embedded"]).code, 0);
    assert_eq!(run(&["db", "seed", "--yes"]).code, 0);
    disk.set_read_only(true);
    let list = run(&["webhooks", "list", "--limit", "1", "-o", "ids"]);
    let status = run(&["db", "status"]);
    let about = json(&run(&["about", "--only", "database", "--json"]).out);
    let retry = run(&["webhooks", "retry-once"]);
    disk.set_read_only(false);
    assert_eq!((list.code, list.out.lines().count()), (0, 1), "{list:?}");
    assert_eq!(status.code, 0, "{status:?}");
    assert_eq!(about["data"]["database"]["read_only"]["value"], true, "{about:#}");
    assert_eq!(retry.code, 6, "{retry:?}");
    assert!(retry.err.contains("central.sqlite cannot be written"), "{retry:?}");
    assert!(retry.err.contains("the file and its folder must be writable"), "{retry:?}");
}

#[test]
fn sections_that_are_misspelt_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let said = run(folder.path(), &["about", "--only", "opsctl,databse"]);
    assert_eq!((said.code, said.err.contains("did you mean `database`?")), (2, true), "{said:?}");
}

#[tokio::test]
async fn tables_of_another_system_than_the_one_set_are_worth_a_look() {
    use opsctl::db::Engine;
    let case = Case::new(Engine::Sqlite, Schema::Service).await.unwrap();
    case.write_env("");
    let said = case.run_with(&[("OPSCTL_SYSTEM", "laundry")], &["about", "--only", "systems", "--json"]);
    let report = json(&said.out);
    assert_eq!(report["data"]["systems"]["detected"]["standing"], "warn", "{report:#}");
    assert_eq!(report["data"]["systems"]["configured"]["value"], "laundry");
    case.finish().await;
}
