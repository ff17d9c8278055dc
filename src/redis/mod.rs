//! Ground floor: one Redis server, seen through a role: its logical database and its key prefix.

use std::time::Duration;

use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, FromRedisValue,
    IntoConnectionInfo, RedisConnectionInfo, RedisError, Script, ServerErrorKind, aio::MultiplexedConnection,
};
use secrecy::ExposeSecret;
use tokio::sync::Mutex;

use crate::{
    Error, Kind, Result,
    config::redis::{Address, Target},
};

/// Time to wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Time to wait for an answer; the crate's own default of 500 ms is short of a busy server's pauses.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);

/// A Redis connection in one role. Connects on first use, and anew after the server has closed the connection.
#[derive(Debug)]
pub struct Redis {
    target: Target,
    conn: Mutex<Option<Connection>>,
}

/// Hides the driver's connection, which has no useful `Debug`.
#[derive(Clone)]
struct Connection(MultiplexedConnection);

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connection")
    }
}

impl Redis {
    /// A server that is not connected yet.
    pub fn new(target: Target) -> Self {
        Self { target, conn: Mutex::default() }
    }

    /// How it is reached; prints without the password.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The key as the server knows it: with the client's prefix.
    pub fn key(&self, name: &str) -> String {
        format!("{}{name}", self.target.prefix)
    }

    /// Runs a command that may run twice; its keys must come from [`Redis::key`].
    ///
    /// # Errors
    /// [`Kind::Unreachable`] when the server does not answer, [`Kind::Config`] when it refuses the credentials.
    pub async fn run<T: FromRedisValue>(&self, command: &Cmd) -> Result<T> {
        self.ask(async |mut conn| command.query_async(&mut conn).await).await
    }

    /// Runs a script on one key that may run twice.
    ///
    /// # Errors
    /// As [`Redis::run`].
    pub async fn eval<T: FromRedisValue>(&self, script: &str, key: &str, arguments: &[&str]) -> Result<T> {
        let script = Script::new(script);
        let mut call = script.key(key);
        for argument in arguments {
            call.arg(*argument);
        }
        self.ask(async |mut conn| call.invoke_async(&mut conn).await).await
    }

    /// A server that was restarted since the last command, or broke off its answer, is asked once more.
    async fn ask<T>(
        &self,
        question: impl AsyncFn(MultiplexedConnection) -> redis::RedisResult<T>,
    ) -> Result<T> {
        let mut answer = question(self.connection().await?).await;
        if answer.as_ref().is_err_and(is_lost) {
            self.conn.lock().await.take();
            answer = question(self.connection().await?).await;
        }
        if answer.as_ref().is_err_and(is_lost) {
            self.conn.lock().await.take();
        }
        answer.map_err(|error| self.error(&error))
    }

    async fn connection(&self) -> Result<MultiplexedConnection> {
        let mut conn = self.conn.lock().await;
        match &*conn {
            Some(known) => Ok(known.0.clone()),
            None => Ok(conn.insert(self.connect().await?).0.clone()),
        }
    }

    async fn connect(&self) -> Result<Connection> {
        let addr = match &self.target.address {
            Address::Tcp(host, port) => ConnectionAddr::Tcp(host.clone(), *port),
            Address::Socket(path) => ConnectionAddr::Unix(path.clone()),
        };
        let mut settings = RedisConnectionInfo::default().set_db(self.target.database);
        if let Some(username) = &self.target.username {
            settings = settings.set_username(username);
        }
        if let Some(password) = &self.target.password {
            settings = settings.set_password(password.expose_secret());
        }
        let info = addr.into_connection_info().map(|info: ConnectionInfo| info.set_redis_settings(settings));
        let client = info.and_then(Client::open).map_err(|error| self.error(&error))?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT));
        let conn = client
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .map_err(|error| self.error(&error))?;
        Ok(Connection(conn))
    }

    fn error(&self, error: &RedisError) -> Error {
        let target = &self.target;
        let code = error.code().unwrap_or_default();
        let silent = error.is_io_error() || error.is_timeout() || error.is_connection_dropped();
        match error.kind() {
            ErrorKind::AuthenticationFailed => self.refused(error),
            _ if matches!(code, "NOAUTH" | "WRONGPASS")
                || said(error).contains("Authentication required") =>
            {
                self.refused(error)
            }
            _ if code == "NOPERM" => Error::config(format!("{target} denies a command")).because(said(error)),
            ErrorKind::Server(ServerErrorKind::ReadOnly) => {
                Error::config(format!("{target} is a replica and takes no writes")).because(said(error))
            }
            ErrorKind::Server(ServerErrorKind::BusyLoading) => {
                Error::new(Kind::Unreachable, format!("{target} is loading its data")).because(said(error))
            }
            ErrorKind::Parse => {
                Error::new(Kind::Unreachable, format!("{target} gave no answer that can be read"))
                    .because(said(error).split_whitespace().collect::<Vec<_>>().join(" "))
                    .hint(format!("the address comes from {}; is Redis running there?", target.origin))
            }
            _ if silent => Error::new(Kind::Unreachable, format!("{target} does not answer"))
                .because(said(error))
                .hint(format!("the address comes from {}; is Redis running there?", target.origin)),
            _ => Error::failed(format!("{target} refused a command")).because(said(error)),
        }
    }

    fn refused(&self, error: &RedisError) -> Error {
        Error::config(format!("{} refused the credentials", self.target))
            .because(said(error))
            .hint(format!("the server is named by {}; check its user and password there", self.target.origin))
    }
}

/// The connection is gone, in the middle of an answer perhaps.
fn is_lost(error: &RedisError) -> bool {
    error.is_connection_dropped() || error.kind() == ErrorKind::Parse
}

fn said(error: &RedisError) -> String {
    error.detail().map_or_else(|| error.category().to_owned(), str::to_owned)
}
