//! Ctrl-C and SIGTERM: the first lets the chunk in hand finish, the second drops it.

use opsctl::cancel::Cancel;

/// Passes signals on for as long as it runs.
pub async fn forward(cancel: Cancel) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (Ok(mut interrupt), Ok(mut terminate)) =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        else {
            return;
        };
        loop {
            tokio::select! {
                _ = interrupt.recv() => cancel.request(),
                _ = terminate.recv() => cancel.request(),
            }
        }
    }
    #[cfg(not(unix))]
    while tokio::signal::ctrl_c().await.is_ok() {
        cancel.request();
    }
}
