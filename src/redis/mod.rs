//! Ground floor: Redis, seen through a role: its logical database and its key prefix. One server, the master of a
//! Sentinel set and a Cluster are reached in the same way.

mod connect;
mod fault;
pub mod ping;
mod scan;
mod sentinel;

use redis::{
    Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError, RedisResult, Script, ServerErrorKind, ToRedisArgs,
};
use tokio::sync::Mutex;

use self::{connect::Link, fault::Peer};
use crate::{
    Error, Result,
    config::redis::{Address, Target},
};

/// A Redis connection in one role. Connects on first use, and anew after the server has closed the connection or, in a
/// Sentinel set, is the master no more.
#[derive(Debug)]
pub struct Redis {
    target: Target,
    link: Mutex<Option<Link>>,
}

impl Redis {
    /// A place that is not connected yet.
    pub fn new(target: Target) -> Self {
        Self { target, link: Mutex::default() }
    }

    /// How it is reached; prints without the password.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The key as the server knows it: with the client's prefix.
    pub fn key(&self, name: &str) -> String {
        format!("{}{name}", self.target.prefix)
    }

    /// Runs a command that may run twice; its keys must come from [`Redis::key`]. On a Cluster it goes to the node
    /// that holds the key.
    ///
    /// # Errors
    /// [`Kind::Unreachable`](crate::Kind) when the server does not answer, [`Kind::Config`](crate::Kind) when it
    /// refuses the credentials, lacks trust or denies the command.
    pub async fn run<T: FromRedisValue>(&self, command: &Cmd) -> Result<T> {
        self.ask(async |mut link| command.query_async(&mut link).await).await
    }

    /// Runs a script on one key that may run twice.
    ///
    /// # Errors
    /// As [`Redis::run`].
    pub async fn eval<T: FromRedisValue>(&self, script: &str, key: &str, arguments: &[String]) -> Result<T> {
        let script = Script::new(script);
        let mut call = script.key(key);
        call.arg(arguments);
        self.ask(async |mut link| call.invoke_async(&mut link).await).await
    }

    /// Runs a script on the keys of one queue that may run twice.
    ///
    /// # Errors
    /// As [`Redis::run`].
    pub async fn eval_on<T: FromRedisValue>(
        &self,
        script: &str,
        keys: &[&str],
        arguments: impl ToRedisArgs,
    ) -> Result<T> {
        let script = Script::new(script);
        let mut call = script.prepare_invoke();
        for key in keys {
            call.key(*key);
        }
        call.arg(arguments);
        self.ask(async |mut link| call.invoke_async(&mut link).await).await
    }

    /// Sends commands that may run twice in one go.
    ///
    /// # Errors
    /// As [`Redis::run`].
    pub async fn pipe<T: FromRedisValue>(&self, pipeline: &Pipeline) -> Result<T> {
        self.ask(async |mut link| pipeline.query_async(&mut link).await).await
    }

    /// The server's clock, in milliseconds since 1970.
    ///
    /// # Errors
    /// As [`Redis::run`].
    pub async fn now(&self) -> Result<i64> {
        let (seconds, micros): (i64, i64) = self.run(&redis::cmd("TIME")).await?;
        Ok(seconds * 1000 + micros / 1000)
    }

    /// Runs a script on one key, without asking again: for who wants to know that an answer was lost.
    ///
    /// # Errors
    /// As [`Redis::run`].
    pub async fn eval_once<T: FromRedisValue>(
        &self,
        script: &str,
        key: &str,
        arguments: &[String],
    ) -> Result<T> {
        let script = Script::new(script);
        let mut call = script.key(key);
        call.arg(arguments);
        let answer = self.once(async |mut link| call.invoke_async(&mut link).await).await?;
        answer.map_err(|error| Peer::from(&self.target).error(&error))
    }

    /// The error of a server that does not answer.
    pub fn silent(&self, why: &str) -> Error {
        Peer::from(&self.target).silent(why)
    }

    /// A server that was restarted since the last command, or broke off its answer, is asked once more, and so is the
    /// new master of a Sentinel set or of a Cluster. A Cluster's driver asks again by itself, within the time for one
    /// answer: nothing that must not run twice may go this way.
    async fn ask<T>(&self, question: impl AsyncFn(Link) -> RedisResult<T>) -> Result<T> {
        let mut answer = self.once(&question).await?;
        if answer.as_ref().is_err_and(|error| self.is_over(error)) {
            answer = self.once(&question).await?;
        }
        answer.map_err(|error| Peer::from(&self.target).error(&error))
    }

    /// One question; a connection that is of no more use is left.
    async fn once<T>(&self, question: impl AsyncFn(Link) -> RedisResult<T>) -> Result<RedisResult<T>> {
        let answer = question(self.link().await?).await;
        if answer.as_ref().is_err_and(|error| self.is_over(error)) {
            self.link.lock().await.take();
        }
        Ok(answer)
    }

    async fn link(&self) -> Result<Link> {
        let mut link = self.link.lock().await;
        match &*link {
            Some(known) => Ok(known.clone()),
            None => Ok(link.insert(connect::link(&self.target).await?).clone()),
        }
    }

    /// The connection is of no more use: it is gone, in the middle of an answer perhaps, or leads to servers that others
    /// may have replaced.
    fn is_over(&self, error: &RedisError) -> bool {
        let lost = error.is_connection_dropped() || error.kind() == ErrorKind::Parse;
        let timeout = error.is_timeout();
        lost || match self.target.address {
            Address::Sentinel(..) => timeout || error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly),
            Address::Cluster(..) => {
                let unknown = error.kind() == ErrorKind::ClusterConnectionNotFound;
                timeout || unknown || error.is_io_error()
            }
            Address::Tcp(..) | Address::Tls(..) | Address::Socket(_) => false,
        }
    }
}

/// A text as a pattern of Redis that matches it alone.
pub fn glob(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '*' | '?' | '[' | ']' | '\\' | '^') {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}
