//! A server that stops answering: connections stay open, and nothing moves any more.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// Passes bytes on between clients and a server until it is frozen.
pub struct Proxy {
    /// Where clients connect.
    pub port: u16,
    frozen: Arc<AtomicBool>,
    servers: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    /// In front of a port of this host.
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port_here = listener.local_addr().unwrap().port();
        let proxy = Self { port: port_here, frozen: Arc::default(), servers: Arc::default() };
        let (frozen, servers) = (proxy.frozen.clone(), proxy.servers.clone());
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
                servers.lock().unwrap().push(server.try_clone().unwrap());
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (from, to, frozen) =
                        (from.try_clone().unwrap(), to.try_clone().unwrap(), frozen.clone());
                    thread::spawn(move || pass(from, to, &frozen));
                }
            }
        });
        proxy
    }

    /// From now on nothing is passed on, in either direction.
    pub fn freeze(&self) {
        self.frozen.store(true, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    /// Lets the server know that its clients are gone.
    fn drop(&mut self) {
        for server in self.servers.lock().unwrap().iter() {
            let _ = server.shutdown(Shutdown::Both);
        }
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, frozen: &AtomicBool) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        while frozen.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(20)); // as long as the test lives
        }
        if to.write_all(&bytes[..count]).is_err() {
            return;
        }
    }
}
