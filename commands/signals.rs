//! Ctrl-C, SIGTERM and SIGHUP (a terminal that went away): the first lets the chunk in hand finish, the second drops it.

use opsctl::cancel::Cancel;

/// Passes signals on for as long as it runs.
pub async fn forward(cancel: Cancel) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] = kinds.map(signal) else { return };
        loop {
            tokio::select! {
                _ = interrupt.recv() => cancel.request(),
                _ = terminate.recv() => cancel.request(),
                _ = hangup.recv() => cancel.request(),
            }
        }
    }
    #[cfg(not(unix))]
    while tokio::signal::ctrl_c().await.is_ok() {
        cancel.request();
    }
}
