//! A TCP proxy in front of a server, for everything that can go wrong between a client and it.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// What the proxy does to its connections, those of before included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Passes everything on.
    Pass,
    /// Closes what is open, and every new connection at once.
    Refuse,
    /// Connections stay open, and nothing moves any more.
    Hang,
    /// Passes everything on, each piece after this time.
    Delay(Duration),
    /// Passes on so many bytes of what the server says, then closes: in the middle of a reply.
    CutReply(usize),
    /// Closes instead of passing the next COMMIT on.
    CutBeforeCommit,
    /// Passes the next COMMIT on and closes at once: the server may be at it.
    CutAtCommit,
    /// Passes the next COMMIT on, and closes when the server answers it: the client never hears.
    CutAfterCommit,
    /// As [`Way::CutAfterCommit`], and refuses from then on.
    CutForGood,
}

/// Passes bytes on between clients and a server, one [`Way`] or another.
pub struct Proxy {
    /// Where clients connect.
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    way: Mutex<Way>,
    open: Mutex<Vec<TcpStream>>,
    cuts: AtomicUsize,
    accepted: AtomicUsize,
}

impl Shared {
    fn way(&self) -> MutexGuard<'_, Way> {
        self.way.lock().unwrap()
    }

    /// Closes every connection, on both sides.
    fn close(&self) {
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Closes everything, and goes on another way.
    fn cut(&self, then: Way) {
        *self.way() = then;
        self.cuts.fetch_add(1, Ordering::SeqCst);
        self.close();
    }
}

impl Proxy {
    /// In front of a port of this host.
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port_here = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            way: Mutex::new(Way::Pass),
            open: Mutex::default(),
            cuts: AtomicUsize::new(0),
            accepted: AtomicUsize::new(0),
        });
        let proxy = Self { port: port_here, shared: shared.clone() };
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                shared.accepted.fetch_add(1, Ordering::SeqCst);
                let refuses = *shared.way() == Way::Refuse;
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { continue };
                if refuses {
                    continue; // dropped, and thereby closed
                }
                for stream in [&client, &server] {
                    stream.set_nodelay(true).unwrap();
                    shared.open.lock().unwrap().push(stream.try_clone().unwrap());
                }
                let (to_server, from_server) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                let (asks, answers) = (shared.clone(), shared.clone());
                thread::spawn(move || asks.pass(client, to_server, Shared::ask));
                thread::spawn(move || answers.pass(server, from_server, Shared::answer));
            }
        });
        proxy
    }

    /// From now on.
    pub fn set(&self, way: Way) {
        *self.shared.way() = way;
        if way == Way::Refuse {
            self.shared.close();
        }
    }

    /// Connections that clients made.
    pub fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// Connections that were cut.
    pub fn cuts(&self) -> usize {
        self.shared.cuts.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    /// Lets the server know that its clients are gone.
    fn drop(&mut self) {
        self.set(Way::Refuse);
    }
}

/// How much of a piece is passed on, and whether everything is closed then, to go on another way.
struct Verdict {
    bytes: usize,
    cut: Option<Way>,
}

impl Shared {
    /// What becomes of a piece that a client says.
    fn ask(&self, bytes: &[u8]) -> Verdict {
        if self.wait() {
            return Verdict { bytes: 0, cut: None };
        }
        let mut way = self.way();
        let all = |cut| Verdict { bytes: bytes.len(), cut };
        // The whole statement, as PostgreSQL and MySQL write it at the end of a message.
        if !bytes.ends_with(b"COMMIT\0") && !bytes.ends_with(b"COMMIT") {
            return all(None);
        }
        match *way {
            Way::CutBeforeCommit => Verdict { bytes: 0, cut: Some(Way::Pass) },
            Way::CutAtCommit => all(Some(Way::Pass)),
            Way::CutForGood => {
                *way = Way::Refuse;
                all(None)
            }
            Way::CutAfterCommit => {
                *way = Way::CutReply(0);
                all(None)
            }
            _ => all(None),
        }
    }

    /// Likewise of a piece that the server says.
    fn answer(&self, bytes: &[u8]) -> Verdict {
        if self.wait() {
            return Verdict { bytes: 0, cut: None };
        }
        let mut way = self.way();
        match *way {
            Way::CutReply(left) if bytes.len() <= left => {
                *way = Way::CutReply(left - bytes.len());
                Verdict { bytes: bytes.len(), cut: None }
            }
            Way::CutReply(left) => Verdict { bytes: left, cut: Some(Way::Pass) },
            Way::Refuse => Verdict { bytes: 0, cut: Some(Way::Refuse) },
            _ => Verdict { bytes: bytes.len(), cut: None },
        }
    }

    /// Whether the connection hung: it is dead from then on.
    fn wait(&self) -> bool {
        let delay = match *self.way() {
            Way::Delay(time) => time,
            _ => Duration::ZERO,
        };
        thread::sleep(delay);
        let hung = *self.way() == Way::Hang;
        while *self.way() == Way::Hang {
            thread::sleep(Duration::from_millis(20)); // as long as the test lives
        }
        hung
    }

    /// Passes on what comes from one side to the other, as far as `judge` lets it.
    fn pass(&self, mut from: TcpStream, mut to: TcpStream, judge: impl Fn(&Self, &[u8]) -> Verdict) {
        let mut bytes = [0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            let verdict = judge(self, &bytes[..count]);
            let written = to.write_all(&bytes[..verdict.bytes]);
            if let Some(then) = verdict.cut {
                self.cut(then);
            }
            if verdict.bytes < count || verdict.cut.is_some() || written.is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    }
}
