//! Where a password comes from: its source is told, its text never.

use url::Url;

use super::super::{Application, Context, Database, Origin, application::scalar, redis::Target};

/// The members of a connection that may bring its password along, as each kind of source names them.
struct Names {
    /// Below the connection in the cached configuration.
    cached: &'static str,
    /// In the environment of the application.
    variable: &'static str,
    /// The URL in the environment of the application.
    url: &'static str,
    /// The variable of opsctl that names a file.
    file: &'static str,
    /// The reference in an `opsctl.toml`.
    key: &'static str,
}

const DATABASE: Names = Names {
    cached: "password",
    variable: "DB_PASSWORD",
    url: "DB_URL",
    file: "OPSCTL_DATABASE_PASSWORD_FILE",
    key: "database.password",
};
const REDIS: Names = Names {
    cached: "password",
    variable: "REDIS_PASSWORD",
    url: "REDIS_URL",
    file: "OPSCTL_REDIS_PASSWORD_FILE",
    key: "redis.password",
};

impl Context {
    /// Where the database's password comes from; `None` when it has none.
    pub(super) fn database_password(&self, database: &Database) -> Option<String> {
        database.password.as_ref()?;
        if let Some(passfile @ Origin::Passfile(_)) = &database.password_origin {
            return Some(passfile.to_string());
        }
        let reference = self.file.as_ref().and_then(|file| file.section.database.as_ref()?.password.clone());
        // The application of a context that was chosen by name is stronger than variables of opsctl.
        let chosen = self.chose_an_app() || self.chose_section(&database.origin);
        Some(self.password_origin(
            &DATABASE,
            &database.origin,
            reference,
            chosen,
            Application::database_member,
        ))
    }

    /// Where a Redis role's password comes from; `None` when it has none.
    pub(super) fn redis_password(&self, target: &Target) -> Option<String> {
        target.password.as_ref()?;
        let reference = self.file.as_ref().and_then(|file| file.section.redis.as_ref()?.password.clone());
        let chosen = self.file.as_ref().is_some_and(|file| file.chosen);
        Some(self.password_origin(&REDIS, &target.origin, reference, chosen, Application::redis_member))
    }

    fn chose_section(&self, origin: &Origin) -> bool {
        matches!(origin, Origin::File(..)) && self.file.as_ref().is_some_and(|file| file.chosen)
    }

    fn password_origin(
        &self,
        names: &Names,
        connection: &Origin,
        reference: Option<String>,
        chosen: bool,
        member: Member,
    ) -> String {
        if let Some(path) = self.environment.filled(names.file).filter(|_| !chosen) {
            return format!("{} in the environment: {path}", names.file);
        }
        match (connection, &self.file, reference) {
            (Origin::File(path, _), Some(file), Some(reference)) => {
                return format!("{} {}: {reference}", path.display(), file.key(names.key));
            }
            (Origin::Cached(path, key), ..) => {
                let key = format!("{key}.{}", names.cached);
                let there = self.app.as_ref().and_then(|app| scalar(app.tree(&key)?.0));
                if there.is_some_and(|text| !text.is_empty()) {
                    return Origin::Cached(path.clone(), key).to_string();
                }
            }
            (Origin::Variable(name), ..) if name.starts_with("OPSCTL_") => {}
            (Origin::Variable(_) | Origin::Dotenv(..) | Origin::Default, ..) => {
                if let Some(origin) = self.member_origin(names, member) {
                    return origin.to_string();
                }
            }
            _ => {}
        }
        connection.to_string()
    }

    /// The application's own variable, unless its URL brings a password along, which is stronger.
    fn member_origin(&self, names: &Names, member: Member) -> Option<Origin> {
        let app = self.app.as_ref()?;
        let url = member(app, names.url);
        let in_url = url.as_ref().is_some_and(|found| {
            let parsed = found.value.as_deref().and_then(|text| Url::parse(text).ok());
            parsed.is_some_and(|url| url.password().is_some())
        });
        let found = if in_url { url } else { member(app, names.variable) };
        found.map(|found| found.origin)
    }
}

/// How an application looks a member of one of its connections up.
type Member = fn(&Application, &str) -> Option<super::super::Sourced<Option<String>>>;
