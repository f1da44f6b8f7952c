//! Who somebody is: a token proves it, and only its hash is ever kept.

use std::sync::Arc;
use std::time::Duration;

use domain::{PageId, PublicViewer, ViewerId};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use crate::episode::Journal;

/// How long the archive may think about a token. Without an answer the viewer is as new.
const PATIENCE: Duration = Duration::from_secs(2);

/// A viewer and the proof.
pub(super) struct Identity {
    pub(super) viewer: PublicViewer,
    pub(super) token: String,
    pub(super) token_hash: [u8; 32],
}

/// Resumes the identity that `token` proves, or makes a new one. Id and hue follow from the token,
/// so that those who never said anything, and are in no archive, keep theirs as well.
///
/// # Errors
///
/// When the system has no random numbers.
pub(super) async fn identify(token: Option<&str>, journal: &Arc<dyn Journal>) -> Result<Identity, getrandom::Error> {
    let (token, known) = match token.and_then(well_formed) {
        Some(token) => (token, true),
        None => (new_token()?, false),
    };
    let token_hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    let resumed = if known { resume(token_hash, journal).await } else { None };
    let viewer = resumed.unwrap_or_else(|| derived(&token));
    Ok(Identity { viewer, token, token_hash })
}

async fn resume(token_hash: [u8; 32], journal: &Arc<dyn Journal>) -> Option<PublicViewer> {
    let (answer, resumed) = oneshot::channel();
    journal.identity(token_hash, answer);
    tokio::time::timeout(PATIENCE, resumed).await.ok()?.ok()?
}

/// Another hash than the one that is kept: the public id says nothing about the token or its hash.
fn derived(token: &str) -> PublicViewer {
    let hash = Sha256::new().chain_update(b"antenne viewer\0").chain_update(token.as_bytes()).finalize();
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    let hue = u16::from_be_bytes([hash[16], hash[17]]) % 360;
    PublicViewer { id: ViewerId::from_random(id), name: String::new(), hue, badge: None, n: None }
}

fn new_token() -> Result<String, getrandom::Error> {
    Ok(hex::encode(random()?))
}

/// Stands for the page of somebody whose page did not say which it is.
pub(super) fn new_page() -> Result<PageId, getrandom::Error> {
    Ok(PageId::from_random(random()?))
}

fn random() -> Result<[u8; 16], getrandom::Error> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)?;
    Ok(random)
}

/// 128 bits in lower-case hexadecimal; anything else proves nothing.
fn well_formed(token: &str) -> Option<String> {
    let valid = token.len() == 32 && token.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    valid.then(|| token.to_owned())
}
