//! Provisioning as an application's own role, which row-level security or guarded views bind; and what is told of one that
//! may not.

use opsctl::{config::database::Address, db};
use secrecy::ExposeSecret;

use crate::{
    on_every_engine,
    support::{Case, cli::Said},
};

/// A role of the application on the test's database; dropped with [`drop_role`]. Gives its name.
async fn role(case: &Case, rights: &str) -> String {
    let name = format!("app_{}", case.target.name);
    let tables = ["taxonomies", "tenant_roles", "tenant_role_permissions", "tenant_user"];
    match case.db.engine() {
        db::Engine::Postgres => {
            case.execute(&format!("CREATE ROLE {name} LOGIN PASSWORD 'app-secret'")).await;
            case.execute(&format!("GRANT {rights} ON {} TO {name}", tables.join(", "))).await;
        }
        db::Engine::MySql => {
            case.execute(&format!("CREATE USER '{name}'@'%' IDENTIFIED BY 'app-secret'")).await;
            for table in tables {
                case.execute(&format!("GRANT {rights} ON {}.v_{table} TO '{name}'@'%'", case.target.name))
                    .await;
            }
        }
        db::Engine::Sqlite => unreachable!("SQLite has no roles"),
    }
    name
}

async fn drop_role(case: &Case, name: &str) {
    match case.db.engine() {
        db::Engine::Postgres => case.execute(&format!("DROP OWNED BY {name}; DROP ROLE {name}")).await,
        _ => case.execute(&format!("DROP USER '{name}'@'%'")).await,
    }
}

/// Registers the test's database as the cluster `main`, reached as the role, and owned by the tests' own.
fn register(case: &Case, role: &str) {
    let Address::Tcp(host, port) = &case.target.address else { unreachable!("servers are reached by port") };
    let scheme = if case.db.engine() == db::Engine::Postgres { "postgres" } else { "mysql" };
    let text = format!(
        "[clusters.main]\nurl = \"{scheme}://{role}@{host}:{port}/{}\"\npassword = \"env:APP_SECRET\"\n\
         owner = {{ user = \"{}\", password = \"env:OWNER_SECRET\" }}\n",
        case.target.name, case.target.username
    );
    std::fs::write(case.folder.path().join("opsctl.toml"), text).unwrap();
}

fn secrets(case: &Case, app: &'static str) -> [(&'static str, String); 2] {
    let owner = case.target.password.as_ref().map_or("", |password| password.expose_secret());
    [("APP_SECRET", app.to_owned()), ("OWNER_SECRET", owner.to_owned())]
}

fn call(case: &Case, app: &'static str, words: &[&str]) -> Said {
    let secrets = secrets(case, app);
    let variables: Vec<(&str, &str)> = secrets.iter().map(|(name, value)| (*name, value.as_str())).collect();
    case.run_with(&variables, words)
}

async fn ready(case: &Case) {
    case.ready_for_tenants().await;
    for slug in ["acme", "bolt"] {
        case.a_tenant(slug, "main").await;
    }
}

on_every_engine! {
    async fn an_applications_own_role_provisions_and_isolation_is_proved(case: &Case) {
        if case.db.engine() == Engine::Sqlite {
            return;
        }
        ready(case).await;
        let name = role(case, "SELECT, INSERT, UPDATE, DELETE").await;
        register(case, &name);
        let said = call(case, "app-secret", &["tenant", "provision", "acme", "bolt", "--json"]);
        assert_eq!(said.code, 0, "{said:?}");
        assert!(!said.err.contains("warning"), "{said:?}");
        assert_eq!(case.count("taxonomies").await, 10);
        let said = call(case, "app-secret", &["tenant", "verify", "--all", "-o", "wide"]);
        if case.db.engine() == Engine::Postgres {
            assert_eq!(said.code, 0, "{said:?}");
            assert!(said.out.contains("row-level security: inside the tenant no row of another one is shown"), "{said:?}");
        }
        drop_role(case, &name).await;
    }

    async fn a_role_without_rights_and_a_wrong_password_are_told_before_anything_is_written(case: &Case) {
        if case.db.engine() == Engine::Sqlite {
            return;
        }
        ready(case).await;
        let name = role(case, "SELECT").await;
        register(case, &name);
        let said = call(case, "app-secret", &["tenant", "provision", "acme"]);
        assert_eq!(said.code, 6, "{said:?}");
        assert!(said.err.contains(&format!("`{name}` lacks")), "{said:?}");
        assert!(said.err.contains("tenancy.probe.provision_failed"), "{said:?}");
        let said = call(case, "not-the-one", &["tenant", "provision", "acme"]);
        assert_eq!(said.code, 6, "{said:?}");
        assert!(said.err.contains("tenancy.probe.provision_failed") && said.err.contains("refused the credentials"), "{said:?}");
        assert!(!said.err.contains("not-the-one") && !said.out.contains("app-secret"), "{said:?}");
        assert_eq!(case.stands("acme").await, ("provisioning_failed".into(), "failed".into(), 2));
        assert!(case.tenant_rows().await.is_empty());
        drop_role(case, &name).await;
    }

    async fn a_cluster_that_is_down_or_offline_has_its_own_line_and_the_others_go_on(case: &Case) {
        case.ready_for_tenants().await;
        case.a_tenant("acme", "here").await;
        case.a_tenant("bolt", "gone").await;
        case.a_tenant("cork", "off").await;
        let password = case.target.password.as_ref().map_or("", |password| password.expose_secret());
        let here = match &case.target.address {
            Address::Tcp(host, port) => {
                let scheme = if case.db.engine() == Engine::Postgres { "postgres" } else { "mysql" };
                format!("url = \"{scheme}://{}@{host}:{port}/{}\"\npassword = \"env:SECRET\"", case.target.username, case.target.name)
            }
            Address::File(path) => format!("url = \"sqlite:{}\"", path.display()),
            Address::Socket(..) => unreachable!("servers are reached by port"),
        };
        let text = format!(
            "[clusters.here]\n{here}\n[clusters.gone]\nurl = \"postgres://ops@127.0.0.1:1/none\"\n\
             [clusters.off]\nurl = \"postgres://ops@127.0.0.1:1/none\"\nstatus = \"offline\"\n"
        );
        std::fs::write(case.folder.path().join("opsctl.toml"), text).unwrap();
        let (said, value) = case.provision_with(&[("SECRET", password)], &["acme", "bolt", "cork"]);
        assert_eq!(said.code, 4, "{said:?}");
        let items = value["data"]["items"].as_array().unwrap();
        let outcomes: Vec<&str> = items.iter().map(|item| item["outcome"].as_str().unwrap()).collect();
        assert_eq!(outcomes, ["succeeded", "failed", "refused"], "{said:?}");
        assert_eq!(items[1]["log_key"], "tenancy.probe.provision_failed");
        let said = case.run_with(&[("SECRET", password)], &["tenant", "provision", "bolt"]);
        assert_eq!(said.code, 7, "{said:?}");
        let said = case.run_with(&[("SECRET", password)], &["tenant", "provision", "cork"]);
        assert!(said.code == 5 && said.err.contains("cluster `off` is offline"), "{said:?}");
        assert_eq!(case.stands("cork").await, ("pending".into(), String::new(), 0));
    }
}
