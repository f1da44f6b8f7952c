//! Why the service could not start.

use std::io;
use std::net::SocketAddr;

use domain::{Blame, Class, Code, Coded};

/// Why the service could not start. Nothing is left behind.
#[derive(Debug, thiserror::Error)]
pub enum AudienceError {
    /// Somebody else listens there.
    #[error("{protocol} port {} is taken on {}: another program, or another Antenne, uses it. Choose another port, or 0 for any free one", address.port(), address.ip())]
    PortTaken {
        /// `TCP` or `UDP`.
        protocol: &'static str,
        /// Where.
        address: SocketAddr,
    },
    /// The system did not let us listen there.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The computer's network addresses could not be read.
    #[error("cannot read this computer's network addresses: {0}")]
    Addresses(io::Error),
    /// No certificate for the media connection could be made.
    #[error("cannot make a certificate for the media connection")]
    Certificate,
    /// A thread could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}

impl AudienceError {
    /// What `source` means for listening on `address`.
    pub(crate) fn listening(protocol: &'static str, address: SocketAddr, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::PortTaken { protocol, address },
            _ => Self::Listen { address, source },
        }
    }
}

impl Coded for AudienceError {
    fn code(&self) -> Code {
        match self {
            Self::PortTaken { .. } => Code::new("audience.port_taken", Class::Conflict, Blame::Operator),
            Self::Listen { .. } => Code::new("audience.listen", Class::Unavailable, Blame::Operator),
            Self::Addresses(_) => Code::new("audience.addresses", Class::Unavailable, Blame::System),
            Self::Certificate => Code::new("audience.certificate", Class::Internal, Blame::System),
            Self::Thread(_) => Code::new("audience.thread", Class::Unavailable, Blame::System),
        }
    }
}
