//! One redactor before every log line: secrets that were given to this process never leave it.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::{PoisonError, RwLock};

/// Shorter secrets than this would blot out ordinary words.
const SHORTEST: usize = 4;

static SECRETS: RwLock<Vec<String>> = RwLock::new(Vec::new());

/// Makes `secret` unprintable from now on, in every form in which it can stand in an address.
pub fn remember(secret: &str) {
    if secret.len() < SHORTEST {
        return;
    }
    let mut secrets = SECRETS.write().unwrap_or_else(PoisonError::into_inner);
    if !secrets.iter().any(|known| known == secret) {
        secrets.push(secret.to_owned());
        // The longest first: a key may be part of an address that is a secret as a whole.
        secrets.sort_by_key(|known| std::cmp::Reverse(known.len()));
    }
}

/// `text` with every known secret replaced by `***`.
#[must_use]
pub fn redact(text: &str) -> Cow<'_, str> {
    let secrets = SECRETS.read().unwrap_or_else(PoisonError::into_inner);
    let mut clean = Cow::Borrowed(text);
    for secret in secrets.iter().filter(|secret| text.contains(secret.as_str())) {
        clean = Cow::Owned(clean.replace(secret.as_str(), "***"));
    }
    clean
}

/// A writer that redacts what is written through it, write by write: log lines come whole.
#[derive(Debug)]
pub struct Redacting<W>(pub W);

impl<W: Write> Write for Redacting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(redact(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remembered_secret_is_not_written() {
        remember("s3cret-stream-key");
        let mut out = Redacting(Vec::new());
        out.write_all(b"cannot open rtmp://h/live/s3cret-stream-key?x").unwrap();
        assert_eq!(String::from_utf8(out.0).unwrap(), "cannot open rtmp://h/live/***?x");
        assert_eq!(redact("harmless"), "harmless");
    }
}
