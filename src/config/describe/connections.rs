//! The connections of a context: database, Redis by role, locks, queue.

use serde_json::Value;

use super::{
    super::{
        Context, Database, Origin, System,
        database::Address,
        redis::{Role, Target},
        stores::LockStore,
    },
    Fact, Section, Standing,
};

/// A user, and where its password comes from.
type Credentials = (Option<String>, Option<String>);

impl Context {
    /// The central database.
    pub fn database_facts(&self) -> Section {
        let mut section = Section::new("database");
        match self.database() {
            Ok(database) => self.push_database(&mut section, &database),
            Err(error) if Context::is_nothing(&error) => {
                let missing = Fact::new("address", Value::Null).standing(Standing::Warn);
                section.push(Fact { hints: error.hints().to_vec(), ..missing });
            }
            Err(error) => section.push(Fact::problem("address", &error)),
        }
        section
    }

    fn push_database(&self, section: &mut Section, database: &Database) {
        let text = |text: &Option<String>| text.clone().map_or(Value::Null, Value::from);
        section.push(Fact::new("address", database.to_string()).of(&database.origin));
        if matches!(database.address, Address::File(_)) {
            section.push(Fact::new("prefix", database.prefix.as_str()));
            return;
        }
        section.push(Fact::new("user", database.username.as_str()).of(&database.origin));
        section.push(secret(self.database_password(database)));
        section.push(Fact::new("tls", database.tls_mode().name()));
        if let Some(path) = &database.tls.authority {
            section.push(Fact::new("tls_authority", path.display().to_string()));
        }
        section.push(Fact::new("prefix", database.prefix.as_str()));
        section.push(Fact::new("search_path", text(&database.search_path)));
        section.push(Fact::new("time_zone", text(&database.time_zone)));
        section.push(Fact::new("pooler", database.pooler.name()));
    }

    /// The Redis servers by role.
    pub fn redis_facts(&self, command: System) -> Section {
        let mut section = Section::new("redis");
        let mut told = None;
        for role in Role::ALL {
            match self.redis(role, command) {
                Ok(target) => self.push_role(&mut section, role, &target, command, &mut told),
                Err(error) if Context::is_nothing(&error) => {
                    section.push(Fact::new("server", Value::Null));
                    break;
                }
                Err(error) => section.push(Fact::problem(role.name(), &error)),
            }
        }
        section
    }

    /// Credentials are told of the first role, and of others that have their own.
    fn push_role(
        &self,
        section: &mut Section,
        role: Role,
        target: &Target,
        command: System,
        told: &mut Option<Credentials>,
    ) {
        let name = role.name();
        let connection = self.connection_of(role, command);
        section.push(Fact::new(name, target.to_string()).of(&target.origin));
        let number = Fact::new(format!("{name}_database"), target.database);
        section.push(number.of(&self.number_origin(role, &connection, target, command)));
        let prefix = Fact::new(format!("{name}_prefix"), target.prefix.as_str());
        section.push(prefix.of(&self.redis_prefix_origin(&connection)));
        let credentials = (target.username.clone(), self.redis_password(target));
        if told.as_ref() == Some(&credentials) {
            return;
        }
        let (user, password) = credentials.clone();
        section.push(Fact::new(format!("{name}_user"), user.map_or(Value::Null, Value::from)));
        section.push(Fact { name: format!("{name}_password"), ..secret(password) });
        told.get_or_insert(credentials);
    }

    /// The name that the application gives to a role's connection.
    fn connection_of(&self, role: Role, command: System) -> String {
        let settings = self.settings(command);
        match role {
            Role::Default => "default".to_owned(),
            Role::Cache => self.setting(&settings.cache_connection).value,
            Role::Queue => self.setting(&settings.queue_redis_connection).value,
            Role::Lock => self.setting(&settings.lock_connection).value,
        }
    }

    /// Where the number of a role's database comes from.
    fn number_origin(&self, role: Role, connection: &str, target: &Target, command: System) -> String {
        if let Some(file) = self.file.as_ref().filter(|file| file.section.redis.is_some()) {
            return file.origin(&format!("redis.databases.{}", role.name())).to_string();
        }
        let path = format!("database.redis.{connection}.database");
        let cached = self.app.as_ref().and_then(|app| app.tree(&path));
        let mut settings = self.settings(command).redis_databases.iter();
        match (target.database_in_url, cached, settings.find(|(name, _)| *name == connection)) {
            (true, ..) => target.origin.to_string(),
            (_, Some((_, origin)), _) => origin.to_string(),
            (_, None, Some((_, setting))) => self.setting(setting).origin.to_string(),
            (_, None, None) => Origin::Default.to_string(),
        }
    }

    fn redis_prefix_origin(&self, connection: &str) -> String {
        let own = [
            format!("database.redis.{connection}.prefix"),
            format!("database.redis.{connection}.options.prefix"),
            "database.redis.options.prefix".to_owned(),
        ];
        match self.file.as_ref().filter(|file| file.section.redis.is_some()) {
            Some(file) => file.origin("redis.prefix").to_string(),
            None => self.app_prefix_origin(&own, "REDIS_PREFIX"),
        }
    }

    fn cache_prefix_origin(&self, store: &str) -> String {
        let own = [format!("cache.stores.{store}.prefix"), "cache.prefix".to_owned()];
        match self.file.as_ref().filter(|file| file.section.cache.is_some()) {
            Some(file) => file.origin("cache.prefix").to_string(),
            None => self.app_prefix_origin(&own, "CACHE_PREFIX"),
        }
    }

    /// A prefix of the application: set, or made of its name.
    fn app_prefix_origin(&self, paths: &[String], variable: &str) -> String {
        let Some(app) = &self.app else { return Origin::Default.to_string() };
        if app.is_cached() {
            let found = paths.iter().find_map(|path| Some(app.tree(path)?.1));
            return found.unwrap_or(Origin::Default).to_string();
        }
        let found = app.value("", &[variable]);
        found.map_or_else(|| "made of the application's name".into(), |found| found.origin.to_string())
    }

    /// The cache store, where locks live.
    pub fn lock_facts(&self, command: System) -> Section {
        let mut section = Section::new("locks");
        let name = match self.cache_store(command) {
            Ok(store) => {
                let name = store.value.clone();
                section.push(Fact::sourced("store", store));
                name
            }
            Err(error) if Context::is_nothing(&error) => {
                section.push(Fact::new("store", Value::Null));
                return section;
            }
            Err(error) => {
                section.push(Fact::problem("store", &error));
                return section;
            }
        };
        match self.lock_store("", command) {
            Ok(LockStore::Redis { target, prefix }) => {
                section.push(Fact::new("place", target.to_string()));
                section.push(Fact::new("client_prefix", target.prefix.as_str()));
                section.push(Fact::new("prefix", prefix).of(&self.cache_prefix_origin(&name)));
            }
            Ok(LockStore::Database { database, table, prefix }) => {
                let place = database.map_or_else(|| "the database".into(), |other| other.to_string());
                section.push(Fact::new("place", format!("table {table} of {place}")));
                section.push(Fact::new("prefix", prefix).of(&self.cache_prefix_origin(&name)));
            }
            Err(error) => section.push(Fact::problem("place", &error)),
        }
        section
    }

    /// The queue connection.
    pub fn queue_facts(&self, command: System) -> Section {
        let mut section = Section::new("queue");
        section.push(match self.queue_connection(command) {
            Some(found) => Fact::sourced("connection", found),
            None => Fact::new("connection", Value::Null),
        });
        section
    }
}

/// A secret is told to be set, and where.
fn secret(origin: Option<String>) -> Fact {
    match origin {
        Some(origin) => Fact::new("password", "set").of(&origin),
        None => Fact::new("password", Value::Null),
    }
}
