//! All roles of a context: where each lives, and whether the application uses Redis for it.

use super::{Role, Target};
use crate::{
    Result,
    config::{Application, Context, System, application::scalar, stores::LockStore},
};

/// A role and its place.
#[derive(Debug, Clone)]
pub struct RolePlace {
    /// The role.
    pub role: Role,
    /// Whether the application keeps there what the role is for: its cache and locks may be a table, its queue too.
    pub used: bool,
    /// The place, or why it is unknown.
    pub target: Result<Target>,
}

impl Context {
    /// The four roles. `command` is the system that the command is about, when none is configured.
    pub fn redis_roles(&self, command: System) -> Vec<RolePlace> {
        let store = self.cache_store(command).ok();
        let cached = store.filter(|store| self.cache_driver(store) == "redis").map(|store| store.value);
        let cache = match &cached {
            Some(store) => self.store_redis(Role::Cache, store, command),
            None => self.redis(Role::Cache, command),
        };
        let lock = match self.lock_store("", command) {
            Ok(LockStore::Redis { target, .. }) => Ok(*target),
            _ => self.redis(Role::Lock, command),
        };
        let (queued, queue) = self.queue_redis(command);
        let role = |role, used, target| RolePlace { role, used, target };
        vec![
            role(Role::Default, true, self.redis(Role::Default, command)),
            role(Role::Cache, cached.is_some(), cache),
            role(Role::Queue, queued, queue),
            role(Role::Lock, cached.is_some(), lock),
        ]
    }

    /// Whether the default queue is on Redis, and which.
    fn queue_redis(&self, command: System) -> (bool, Result<Target>) {
        let settings = self.settings(command);
        let name = self.queue_connection(command).map(|found| found.value).unwrap_or_default();
        let member = |key: &str| {
            let path = format!("queue.connections.{name}.{key}");
            scalar(self.app.as_ref()?.tree(&path)?.0).filter(|text| !text.is_empty())
        };
        if member("driver").unwrap_or_else(|| name.clone()) != "redis" {
            return (false, self.redis(Role::Queue, command));
        }
        match self.app.as_ref().is_some_and(Application::is_cached) {
            true => {
                let connection = member("connection").unwrap_or_else(|| "default".into());
                (true, self.redis_named(Role::Queue, &connection, settings))
            }
            false => (true, self.redis(Role::Queue, command)),
        }
    }
}
