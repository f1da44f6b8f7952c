//! Who may publish here, and what they publish. A server has an intake; a desk, whose program is made in the
//! same process, has none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::ShowSlug;
use tokio::sync::mpsc;

use crate::feed::Feed;

/// The keys of shows. Supplied by a server; may block, and is called where it may.
pub trait Keys: Send + Sync + 'static {
    /// Whether whoever has `token` may publish `show`. It takes as long for a wrong one as for a right one.
    fn may_publish(&self, show: &ShowSlug, token: &str) -> bool;
}

/// The shows that are published from elsewhere.
pub(crate) struct Intake {
    pub(crate) keys: Arc<dyn Keys>,
    pub(crate) feeds: Feeds,
    /// To whoever opens shows.
    pub(crate) opened: mpsc::Sender<Feed>,
}

/// The feed of each show that has one.
#[derive(Default)]
pub(crate) struct Feeds(Mutex<HashMap<ShowSlug, Feed>>);

impl Feeds {
    /// The feed of `show`, and whether it is a new one: the one that was there, unless it is over.
    pub(crate) fn of(&self, show: &ShowSlug, make: impl FnOnce() -> Feed) -> (Feed, bool) {
        let mut feeds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        feeds.retain(|_, feed| !feed.is_over());
        match feeds.get(show) {
            Some(feed) => (feed.clone(), false),
            None => {
                let feed = make();
                feeds.insert(show.clone(), feed.clone());
                (feed, true)
            }
        }
    }

    /// Ends every feed.
    pub(crate) fn close_all(&self) {
        let feeds: Vec<Feed> =
            self.0.lock().unwrap_or_else(PoisonError::into_inner).drain().map(|(_, feed)| feed).collect();
        feeds.iter().for_each(Feed::close);
    }
}
