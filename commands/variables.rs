//! Every variable of the process environment that opsctl reads: `help environment`, and the environment of each verb.

/// What a group of variables is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// Which context, which application.
    Context,
    /// The database.
    Database,
    /// Redis servers.
    Redis,
    /// The store of locks.
    Locks,
    /// The webhook service's limits.
    Limits,
    /// The journal, and other files that opsctl keeps.
    Journal,
    /// What is printed, and how. Every verb reads these.
    Terminal,
}

impl Topic {
    /// In the order in which they are shown.
    pub const ALL: [Topic; 7] = [
        Topic::Context,
        Topic::Database,
        Topic::Redis,
        Topic::Locks,
        Topic::Limits,
        Topic::Journal,
        Topic::Terminal,
    ];

    /// The heading of the group.
    pub const fn title(self) -> &'static str {
        match self {
            Topic::Context => "Where it works",
            Topic::Database => "The database",
            Topic::Redis => "Redis",
            Topic::Locks => "Locks",
            Topic::Limits => "Limits of the webhook service",
            Topic::Journal => "Journal and files of its own",
            Topic::Terminal => "Terminal and logs",
        }
    }

    /// Its variables.
    pub fn variables(self) -> impl Iterator<Item = &'static Variable> {
        VARIABLES.iter().filter(move |variable| variable.topic == self)
    }
}

/// One variable; a name that ends in `*` stands for all that begin so.
#[derive(Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Its group.
    pub topic: Topic,
    /// What it says, in a few words.
    pub text: &'static str,
}

const fn variable(topic: Topic, name: &'static str, text: &'static str) -> Variable {
    Variable { name, topic, text }
}

/// All of them. Those of the application are told in docs/configuration.md one by one.
pub static VARIABLES: [Variable; 38] = [
    variable(Topic::Context, "OPSCTL_CONTEXT", "named context, as --context"),
    variable(Topic::Context, "OPSCTL_APP", "folder of the application, as --app"),
    variable(Topic::Context, "OPSCTL_SYSTEM", "the system: webhooks, laundry, platform, laravel"),
    variable(Topic::Context, "APP_*", "name, environment and cached configuration of the application"),
    variable(Topic::Context, "XDG_CONFIG_HOME", "where the user's own opsctl.toml lies (~/.config)"),
    variable(Topic::Database, "OPSCTL_DATABASE_URL", "the database, by a URL"),
    variable(Topic::Database, "OPSCTL_DATABASE_PASSWORD_FILE", "a file with its password"),
    variable(Topic::Database, "DB_*", "the application's database"),
    variable(Topic::Database, "MYSQL_ATTR_SSL_CA", "the authority that the application trusts (MySQL)"),
    variable(Topic::Database, "PGPASSFILE", "PostgreSQL's password file (~/.pgpass)"),
    variable(Topic::Database, "SSL_CERT_FILE", "the host's certificate authorities, in one file"),
    variable(Topic::Database, "SSL_CERT_DIR", "likewise, in a folder"),
    variable(Topic::Redis, "OPSCTL_REDIS_URL", "the Redis server, by a URL"),
    variable(Topic::Redis, "OPSCTL_REDIS_PASSWORD_FILE", "a file with its password"),
    variable(Topic::Redis, "REDIS_*", "the application's Redis: server, databases, prefix"),
    variable(Topic::Locks, "OPSCTL_CACHE_STORE", "the store of locks: redis or database"),
    variable(Topic::Locks, "CACHE_*", "the application's cache store and its prefix"),
    variable(Topic::Locks, "OPSCTL_QUEUE", "the queue connection: redis or database"),
    variable(Topic::Limits, "TENRUSL_*", "limits and times of the webhook service"),
    variable(Topic::Journal, "OPSCTL_STATE_DIR", "folder of the journal (~/.local/state/opsctl)"),
    variable(Topic::Journal, "XDG_STATE_HOME", "where state folders lie (~/.local/state)"),
    variable(Topic::Journal, "XDG_CACHE_HOME", "where the cache of completion lies (~/.cache)"),
    variable(Topic::Journal, "HOME", "the home folder, where XDG_* say nothing"),
    variable(Topic::Journal, "USER", "who one claims to be, in the journal beside the system's own word"),
    variable(Topic::Journal, "LOGNAME", "likewise, where USER is not set"),
    variable(Topic::Journal, "SUDO_USER", "who is behind sudo"),
    variable(Topic::Journal, "SSH_CONNECTION", "where an operator's session comes from"),
    variable(Topic::Terminal, "OPSCTL_LOG", "filter of the log: opsctl=debug; as JSON: json:opsctl=debug"),
    variable(Topic::Terminal, "NO_COLOR", "no colour"),
    variable(Topic::Terminal, "CLICOLOR_FORCE", "colour where no terminal is, too"),
    variable(Topic::Terminal, "COLUMNS", "width of the terminal"),
    variable(Topic::Terminal, "TERM", "`dumb`: no colour, nothing redrawn"),
    variable(Topic::Terminal, "LC_ALL", "the locale; without UTF-8 only ASCII is drawn"),
    variable(Topic::Terminal, "LC_CTYPE", "likewise, where LC_ALL is not set"),
    variable(Topic::Terminal, "LANG", "likewise, where neither is set"),
    variable(Topic::Terminal, "CI", "never ask, as --no-interaction"),
    variable(Topic::Terminal, "OPSCTL_SCHEDULED_BY", "set by `schedule run`: its process"),
    variable(Topic::Terminal, "OPSCTL_COMPLETE", "set by a shell that completes; see `opsctl completions`"),
];

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    /// Names in quotes that begin with `OPSCTL_`, in all sources below a folder.
    fn named(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                named(&path, found);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for (at, _) in text.match_indices("\"OPSCTL_") {
                let name = text[at + 1..].chars().take_while(|c| c.is_ascii_uppercase() || *c == '_');
                found.insert(name.collect());
            }
        }
    }

    #[test]
    fn every_variable_of_the_sources_is_told_here_and_in_the_documents() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut found = BTreeSet::new();
        named(&root.join("src"), &mut found);
        named(&root.join("commands"), &mut found);
        let page = fs::read_to_string(root.join("docs/configuration.md")).unwrap();
        // These exist in builds for tests alone; OPSCTL_UPDATE is read by a test.
        let testing = [
            "OPSCTL_NOW",
            "OPSCTL_SEED",
            "OPSCTL_USER",
            "OPSCTL_CRASH_AT",
            "OPSCTL_HOLD_AT",
            "OPSCTL_PANIC_AT",
            "OPSCTL_UPDATE",
            "OPSCTL_",
        ];
        for name in found.iter().filter(|name| !testing.contains(&name.as_str())) {
            assert!(
                VARIABLES.iter().any(|variable| variable.name == *name),
                "`opsctl help environment` lacks {name}"
            );
            assert!(page.contains(name), "docs/configuration.md lacks {name}");
        }
        for variable in VARIABLES.iter().filter(|variable| variable.name.starts_with("OPSCTL_")) {
            assert!(found.contains(variable.name), "nothing reads {}", variable.name);
        }
    }
}
