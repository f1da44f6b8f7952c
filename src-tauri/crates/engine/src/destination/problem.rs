//! Why a destination does not take the program, in a word for scripts and a sentence for people.

/// Why an attempt ended. Never holds more of the address than the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Problem {
    /// Nobody answers at that address.
    Unreachable,
    /// Somebody answers, and does not take the program.
    Refused,
    /// It took the connection and says nothing, or stopped taking.
    Silent,
    /// The connection was closed.
    Lost,
    /// Its certificate is not believed, for this reason.
    Certificate(String),
    /// It does not speak TLS as we do.
    Tls,
    /// It cannot work, also not later: a part is missing, or the address names no stream.
    Unusable(&'static str),
}

impl Problem {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Unreachable => "destination.unreachable",
            Self::Refused => "destination.refused",
            Self::Silent => "destination.silent",
            Self::Lost => "destination.lost",
            Self::Certificate(_) => "destination.certificate",
            Self::Tls => "destination.tls",
            Self::Unusable(_) => "destination.unusable",
        }
    }

    /// What happened, and what to do.
    pub(super) fn sentence(&self, host: &str) -> String {
        match self {
            Self::Unreachable => {
                format!("{host} cannot be reached; check the address and the network. It is tried again by itself")
            }
            Self::Refused => {
                format!("{host} does not take the program; check the stream key. It is tried again by itself")
            }
            Self::Silent => format!("{host} does not answer any more. It is tried again by itself; the show goes on"),
            Self::Lost => format!("The connection to {host} was lost. It is tried again by itself; the show goes on"),
            Self::Certificate(reason) => format!(
                "The certificate of {host} is not believed: {reason}. Nothing was sent there; check the address and \
                 this computer's clock, or ask who runs it. It is tried again by itself"
            ),
            Self::Tls => format!(
                "{host} answers, but not encrypted as rtmps:// wants it; check the address: rtmp:// may be right. It is \
                 tried again by itself"
            ),
            Self::Unusable(why) => format!("{host} cannot be used: {why}"),
        }
    }
}
