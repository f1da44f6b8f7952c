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
    /// The rest of it was written together with a key once, and may be as secret.
    is_private: bool,
}

/// Why a text is no destination. Never quotes the text, which may hold a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DestinationAddressError {
    /// No `scheme://host/path`.
    Malformed,
    /// A port that is none.
    Port,
    /// A path that cannot name an application and a stream.
    NoStream,
    /// A kind of destination that this version does not know yet.
    NotYet(&'static str),
    /// Another scheme.
    UnknownScheme,
}

impl fmt::Display for DestinationAddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("a destination is written like rtmp://host/app/{key}"),
            Self::Port => {
                f.write_str("the port of a destination is a number from 1 to 65535, as in rtmp://host:1935/app/{key}")
            }
            Self::NoStream => f.write_str(
                "a destination names an application and a stream, like rtmp://host/app/{key}: one of them is missing",
            ),
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
        if !bounded || host.is_empty() || path.is_empty() || !text.bytes().all(plain) || text.len() > 2048 {
            return Err(E::Malformed);
        }
        if split_host(host).is_none_or(|(name, _)| name.is_empty()) {
            return Err(E::Port);
        }
        let (application, stream) = split_path(path);
        let is_part = |part: &str| !part.is_empty() && !part.starts_with('/') && !part.ends_with('/');
        if !is_part(application) || stream.is_empty() || stream.starts_with('/') {
            return Err(E::NoStream);
        }
        Ok(Self { protocol, host: host.to_owned(), template: text.to_owned(), is_private: false })
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

    /// The same address with the stream that stands in it taken out, so that another key can be given. It
    /// is still never remembered.
    #[must_use]
    pub fn without_its_key(&self) -> Self {
        if self.wants_key() {
            return self.clone();
        }
        let path =
            self.template.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
        let (_, stream) = split_path(path);
        let kept = &self.template[..self.template.len() - stream.len()];
        Self { template: format!("{kept}{}", Self::KEY), is_private: true, ..self.clone() }
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

    /// Where `key` is pushed to, part by part: what stands in the key moves no border between them.
    #[must_use]
    pub fn target(&self, key: Option<&Secret>) -> PushTarget {
        let fill = |part: &str| Secret::new(part.replace(Self::KEY, key.map_or("", Secret::expose)));
        let rest = self.template.split_once("://").map_or("", |(_, rest)| rest);
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = split_host(&self.host).unwrap_or((&self.host, None));
        let (application, stream) = split_path(path);
        let credentials = authority.rsplit_once('@').map(|(credentials, _)| {
            let (name, password) = credentials.split_once(':').unwrap_or((credentials, ""));
            (Secret::new(unescaped(name)), Secret::new(unescaped(password)))
        });
        PushTarget {
            protocol: self.protocol,
            host: host.to_owned(),
            port: port.unwrap_or(match self.protocol {
                Protocol::Rtmp => 1935,
                Protocol::Rtmps => 443,
            }),
            credentials,
            application: fill(application),
            stream: fill(stream),
        }
    }

    /// The address as it may be remembered: only where the key is given separately.
    #[must_use]
    pub fn remembered(&self) -> Option<&str> {
        (self.wants_key() && !self.is_private && !self.template.contains('@')).then_some(&self.template)
    }
}

impl fmt::Debug for DestinationAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.protocol, self.host)
    }
}

/// A destination with its key, taken apart. Whatever may hold the key is a secret.
#[derive(Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as RTMP names them")]
pub struct PushTarget {
    pub protocol: Protocol,
    /// A name or an address, without port and brackets.
    pub host: String,
    pub port: u16,
    /// Name and password.
    pub credentials: Option<(Secret, Secret)>,
    pub application: Secret,
    pub stream: Secret,
}

impl fmt::Debug for PushTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}:{}", self.protocol, self.host, self.port)
    }
}

/// `host` (`name`, `name:port`, `[v6]:port`, `v6`) as name and port; none where the port is none.
fn split_host(host: &str) -> Option<(&str, Option<u16>)> {
    if let Some(rest) = host.strip_prefix('[') {
        let (name, rest) = rest.split_once(']')?;
        return match rest.strip_prefix(':') {
            Some(port) => Some((name, Some(parse_port(port)?))),
            None => rest.is_empty().then_some((name, None)),
        };
    }
    if host.contains(['[', ']']) {
        return None;
    }
    match host.split_once(':') {
        // An address of IPv6 without brackets has no port.
        Some((_, rest)) if rest.contains(':') => Some((host, None)),
        Some((name, port)) => Some((name, Some(parse_port(port)?))),
        None => Some((host, None)),
    }
}

fn parse_port(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port > 0)
}

/// The application and the stream of a path. The stream begins behind the last slash that is not part of
/// its query: applications have instances, and keys have signatures with slashes in them.
fn split_path(path: &str) -> (&str, &str) {
    let before_query = path.split_once('?').map_or(path, |(before, _)| before);
    before_query.rsplit_once('/').map_or_else(
        // An application with a query of its own.
        || path.rsplit_once('/').unwrap_or((path, "")),
        |(application, _)| (application, &path[application.len() + 1..]),
    )
}

/// `text` without percent-encoding, where that leaves a text.
fn unescaped(text: &str) -> String {
    let digits = |at: usize| text.get(at..at + 2).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    let hex = |at: usize| digits(at).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    let (mut bytes, mut at) = (Vec::with_capacity(text.len()), 0);
    while let Some(&byte) = text.as_bytes().get(at) {
        let decoded = (byte == b'%').then(|| hex(at + 1)).flatten();
        bytes.push(decoded.unwrap_or(byte));
        at += if decoded.is_some() { 3 } else { 1 };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
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
    fn what_stands_in_the_key_moves_no_border() {
        for (address, key, host, port, application, stream) in [
            ("rtmp://h/app/{key}", "live_1?sign=aZ/9+b==&t=1", "h", 1935, "app", "live_1?sign=aZ/9+b==&t=1"),
            ("rtmp://h/app/live_1?sign=aZ/9+b==&t=1", "", "h", 1935, "app", "live_1?sign=aZ/9+b==&t=1"),
            ("rtmps://h/app/inst/{key}", "a/b/c", "h", 443, "app/inst", "a/b/c"),
            ("rtmp://h:77/app/pre-{key}?x=/y", "k", "h", 77, "app", "pre-k?x=/y"),
            ("rtmp://h/app?who=me/{key}", "k?/", "h", 1935, "app?who=me", "k?/"),
            ("rtmp://[::1]:65535/app/{key}", "k", "::1", 65535, "app", "k"),
            ("rtmp://[fe80::1]/app/{key}", "k", "fe80::1", 1935, "app", "k"),
            ("rtmp://h/app/{key}", "{key}", "h", 1935, "app", "{key}"),
        ] {
            let target = DestinationAddress::parse(address).unwrap().target(Some(&Secret::new(key)));
            assert_eq!((target.host.as_str(), target.port), (host, port), "{address}");
            assert_eq!((target.application.expose(), target.stream.expose()), (application, stream), "{address}");
            assert_eq!(target.credentials, None, "{address}");
        }
        let target = DestinationAddress::parse("rtmp://joe:p%40ss:w%zz@h/a/b").unwrap().target(None);
        assert_eq!(target.credentials, Some((Secret::new("joe"), Secret::new("p@ss:w%zz"))));
        assert_eq!(format!("{target:?}"), "Rtmp h:1935");
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
            "rtmp://h0st/{key}",
            "rtmp://h0st/s3cret",
            "rtmp://h0st/s3cret/",
            "rtmp://h0st//s3cret",
            "rtmp://h0st/app//s3cret",
            "rtmp://h0st:99999/app/s3cret",
            "rtmp://h0st:0/app/s3cret",
            "rtmp://h0st:/app/s3cret",
            "rtmp://h0st:+19/app/s3cret",
            "rtmp://:1935/app/s3cret",
            "rtmp://[::1/app/s3cret",
            "rtmp://[::1]x/app/s3cret",
            "rtmp://[::1]:0/app/s3cret",
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
