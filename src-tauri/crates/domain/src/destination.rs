//! The address of a destination, taken apart at the edge: what may be shown, and what may not.

use std::fmt;

use crate::{DestinationId, DestinationState};

/// A stream key or token. It prints as `***`; whoever needs it asks for it by name.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes `text` out of sight.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the far end only: never for a log, an error, an event or a file.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// How a destination is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// RTMP over TCP.
    Rtmp,
    /// RTMP over TLS.
    Rtmps,
}

/// Where the program is pushed. `Debug` and `Display` never show the path, which holds the key.
#[derive(Clone, PartialEq, Eq)]
pub struct DestinationAddress {
    protocol: Protocol,
    host: String,
    template: String,
}

/// Why a text is no destination. Never quotes the text, which may hold a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DestinationAddressError {
    /// No `scheme://host/path`.
    Malformed,
    /// A kind of destination that this version does not know yet.
    NotYet(&'static str),
    /// Another scheme.
    UnknownScheme,
}

impl fmt::Display for DestinationAddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("a destination is written like rtmp://host/app/{key}"),
            Self::NotYet(what) => {
                write!(
                    f,
                    "destinations over {what} are not supported yet; use an address that begins with rtmp:// or rtmps://"
                )
            }
            Self::UnknownScheme => f.write_str("a destination's address begins with rtmp:// or rtmps://"),
        }
    }
}

impl std::error::Error for DestinationAddressError {}

impl DestinationAddress {
    const KEY: &'static str = "{key}";

    /// Reads an address, with `{key}` where the key stands.
    ///
    /// # Errors
    ///
    /// [`DestinationAddressError`] says what would be right, without quoting the text.
    pub fn parse(text: &str) -> Result<Self, DestinationAddressError> {
        use DestinationAddressError as E;
        let (scheme, rest) = text.split_once("://").ok_or(E::Malformed)?;
        let protocol = match scheme {
            "rtmp" => Protocol::Rtmp,
            "rtmps" => Protocol::Rtmps,
            "srt" => return Err(E::NotYet("SRT")),
            "whip+http" | "whip+https" => return Err(E::NotYet("WHIP")),
            _ => return Err(E::UnknownScheme),
        };
        let (authority, path) = rest.split_once('/').ok_or(E::Malformed)?;
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let plain = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
        // A path that begins otherwise, or half a password with a slash in it, would pass for the host.
        let bounded = !authority.contains(['?', '#']);
        let port_fits = host
            .rsplit_once(':')
            .is_none_or(|(_, port)| port.ends_with(']') || port.bytes().all(|b| b.is_ascii_digit()));
        if !bounded || !port_fits || host.is_empty() || path.is_empty() || !text.bytes().all(plain) || text.len() > 2048
        {
            return Err(E::Malformed);
        }
        Ok(Self { protocol, host: host.to_owned(), template: text.to_owned() })
    }

    /// How it is spoken to.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The far end's name and port, without credentials and path.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether the address leaves the key to be given separately.
    #[must_use]
    pub fn wants_key(&self) -> bool {
        self.template.contains(Self::KEY)
    }

    /// The address as it was written. It may hold a key: never for a log, an event or a file.
    #[must_use]
    pub fn template(&self) -> &str {
        &self.template
    }

    /// The address with `key` in its place. The whole of it is a secret from here on.
    #[must_use]
    pub fn with_key(&self, key: Option<&Secret>) -> Secret {
        Secret::new(self.template.replace(Self::KEY, key.map_or("", Secret::expose)))
    }

    /// The address as it may be remembered: only where the key is given separately.
    #[must_use]
    pub fn remembered(&self) -> Option<&str> {
        (self.wants_key() && !self.template.contains('@')).then_some(&self.template)
    }
}

impl fmt::Debug for DestinationAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.protocol, self.host)
    }
}

/// How a destination does, as whoever pushes there reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationReport {
    /// The destination's.
    pub id: DestinationId,
    /// Where it stands.
    pub state: DestinationState,
    /// The stable name of the last reason; empty if there is none.
    pub code: &'static str,
    /// What happened and what to do; empty if nothing is wrong.
    pub problem: String,
    /// What the far end took in the last second, in kb/s.
    pub kbps: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_prints_shows_the_key() {
        let address = DestinationAddress::parse("rtmp://user:pass@example.org:1935/live/s3cret").unwrap();
        let printed = format!("{address:?} {:?} {}", address.with_key(None), address.host());
        assert!(!printed.contains("s3cret") && !printed.contains("pass"), "{printed}");
        assert_eq!(address.remembered(), None);
    }

    #[test]
    fn the_key_goes_where_the_address_says() {
        let address = DestinationAddress::parse("rtmp://example.org/live/{key}").unwrap();
        assert!(address.wants_key());
        assert_eq!(address.with_key(Some(&Secret::new("abc"))).expose(), "rtmp://example.org/live/abc");
    }

    #[test]
    fn hostile_addresses_are_refused_without_being_quoted() {
        let long = format!("rtmp://h/{}", "k".repeat(3000));
        for bad in [
            "",
            "rtmp:",
            "rtmp://",
            "rtmp://h0st",
            "rtmp://h0st/",
            "rtmp:///x",
            "rtmp://h0st?key=s3cret/x",
            "rtmp://h0st#s3cret/x",
            "rtmp://user:half/password@h0st/x",
            "file:///etc/passwd",
            "rtmp://h/a b",
            "rtmp://h/a\nb",
            "rtmp://h/\"x",
            "srt://h:1/x",
            "whip+https://h/x",
            "javascript:alert(1)",
            &long,
        ] {
            let error = DestinationAddress::parse(bad).unwrap_err().to_string();
            assert!(error.contains("rtmp"), "{error}");
            assert!(bad.len() < 8 || !error.contains(bad), "{error}");
        }
    }
}
