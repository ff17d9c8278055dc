//! A cluster with the tenant set, and the roles that work on it.

use opsctl::{
    cancel::Cancel,
    clock::Clock,
    config::Database,
    db::{Access, Db, Engine},
    schema,
};
use secrecy::SecretString;

use super::{Case, Schema, now};

/// Two tenants.
pub const A: &str = "0b7c1d9e-0000-4000-8000-00000000000a";
pub const B: &str = "0b7c1d9e-0000-4000-8000-00000000000b";

/// Tables of the tenant set.
pub const TABLES: [&str; 5] =
    ["taxonomies", "tenant_audit_trail", "tenant_role_permissions", "tenant_roles", "tenant_user"];

/// One database of tenants. The case's own connection is the operator: it may work across tenants. On SQLite all roles
/// are the same.
pub struct Cluster {
    pub case: Case,
    /// Owns the tables, and is bound like everybody.
    pub owner: Db,
    /// Works as the application does.
    pub app: Db,
    /// What ends the role names of this cluster: they are the server's.
    pub mark: String,
}

impl Cluster {
    /// A fresh database with the tenant set, or `None` when its server is missing.
    pub async fn new(engine: Engine) -> Option<Self> {
        let cluster = Self::empty(engine).await?;
        schema::apply(&cluster.owner, &schema::TENANT, &Cancel::new()).await.unwrap();
        cluster.grant().await;
        Some(cluster)
    }

    /// Likewise, without tables.
    pub async fn empty(engine: Engine) -> Option<Self> {
        let case = Case::empty(engine, Schema::Reference).await?;
        let mark = case.target.name.replace(['/', '.', '-'], "_");
        match engine {
            Engine::Postgres => {
                let name = &case.target.name;
                case.execute(&format!(
                    "CREATE ROLE own_{mark} LOGIN PASSWORD 'own'; CREATE ROLE app_{mark} LOGIN PASSWORD 'app'; \
                     ALTER DATABASE {name} OWNER TO own_{mark}; GRANT ALL ON SCHEMA public TO own_{mark}"
                ))
                .await;
            }
            Engine::MySql => {
                let name = &case.target.name;
                case.execute(&format!(
                    "CREATE USER own_{mark}@'%' IDENTIFIED BY 'own'; CREATE USER app_{mark}@'%' IDENTIFIED BY 'app'; \
                     GRANT ALL ON {name}.* TO own_{mark}@'%'"
                ))
                .await;
            }
            Engine::Sqlite => {}
        }
        let owner = role(&case, "own", &mark);
        let app = role(&case, "app", &mark);
        Some(Self { case, owner, app, mark })
    }

    /// Gives the application what it needs, and no more.
    pub async fn grant(&self) {
        let mark = &self.mark;
        match self.case.db.engine() {
            Engine::Postgres => {
                self.case
                    .execute(&format!(
                        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app_{mark}; \
                         REVOKE ALL ON _sqlx_migrations FROM app_{mark}"
                    ))
                    .await;
            }
            Engine::MySql => {
                for table in TABLES {
                    let view = format!("{}.v_{table}", self.case.target.name);
                    self.case
                        .execute(&format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {view} TO app_{mark}@'%'"))
                        .await;
                }
            }
            Engine::Sqlite => {}
        }
    }

    /// Its section of an `opsctl.toml`, with the roles that a cluster may have; passwords come from variables.
    pub fn section(&self, name: &str) -> String {
        let mark = &self.mark;
        let url = self.case.target.to_string();
        let (scheme, place) = url.split_once("://").unwrap();
        format!(
            "[clusters.{name}]\nurl = \"{scheme}://app_{mark}@{place}\"\npassword = \"env:APP_PASSWORD\"\n\
             owner = {{ user = \"own_{mark}\", password = \"env:OWN_PASSWORD\" }}\n"
        )
    }

    pub async fn finish(self) {
        self.owner.close().await;
        self.app.close().await;
        let mark = self.mark.clone();
        match self.case.db.engine() {
            Engine::Postgres => {
                let roles = format!("own_{mark}, app_{mark}");
                self.case
                    .execute(&format!(
                        "REASSIGN OWNED BY {roles} TO CURRENT_USER; DROP OWNED BY {roles}; DROP ROLE {roles}"
                    ))
                    .await;
            }
            Engine::MySql => self.case.execute(&format!("DROP USER own_{mark}@'%', app_{mark}@'%'")).await,
            Engine::Sqlite => {}
        }
        self.case.finish().await;
    }
}

fn role(case: &Case, word: &str, mark: &str) -> Db {
    let target = match case.db.engine() {
        Engine::Sqlite => case.target.clone(),
        Engine::Postgres | Engine::MySql => Database {
            username: format!("{word}_{mark}"),
            password: Some(SecretString::from(word.to_owned())),
            ..case.target.clone()
        },
    };
    Db::new(target, Access::Own, Clock::frozen(now()))
}
