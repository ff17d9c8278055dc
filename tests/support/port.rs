//! Ports for the servers of a test.

use std::mem;

use tokio::net::TcpSocket;

/// A port that nobody listens on and that nobody else is given while the tests run.
///
/// A socket stays bound to it, without listening, to the end of the process: connections are refused, a server that sets `SO_REUSEADDR`
/// (PostgreSQL, PgBouncer and Redis do) may listen there, end and come back, and neither another test nor an outgoing connection gets the
/// port meanwhile.
pub fn free_port() -> u16 {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let port = socket.local_addr().unwrap().port();
    mem::forget(socket);
    port
}
