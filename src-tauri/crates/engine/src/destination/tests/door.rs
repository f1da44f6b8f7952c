//! Far ends that let nobody in, and count who knocks.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use gio::prelude::TlsConnectionExt as _;
use gio::{Cancellable, Socket, TlsCertificate, TlsServerConnection};
use gst::glib::prelude::Cast as _;

/// Of elsewhere.test, by itself, which ended a day before it began; with its key.
const EXPIRED: &str = include_str!("expired.pem");

/// A far end, until the test is over.
pub(super) struct Door {
    pub(super) host: String,
    knocks: Arc<AtomicUsize>,
}

impl Door {
    /// Closes every connection at once.
    pub(super) fn shut() -> Self {
        Self::start(drop)
    }

    /// Shakes hands with a certificate that nobody can believe.
    pub(super) fn with_an_expired_certificate() -> Self {
        Self::start(|socket| {
            let certificate = TlsCertificate::from_pem(EXPIRED).unwrap();
            let socket = Socket::from_fd(socket).unwrap();
            let connection = gio::prelude::SocketExt::connection_factory_create_connection(&socket);
            let tls = TlsServerConnection::new(&connection, Some(&certificate)).unwrap();
            // It fails: the other side does not believe it.
            let _ = tls.upcast_ref::<gio::TlsConnection>().handshake(Cancellable::NONE);
        })
    }

    fn start(mut open: impl FnMut(OwnedFd) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let knocks = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&knocks);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counted.fetch_add(1, Ordering::SeqCst);
                open(stream.into());
            }
        });
        Self { host, knocks }
    }

    /// Connections so far.
    pub(super) fn knocks(&self) -> usize {
        self.knocks.load(Ordering::SeqCst)
    }
}
