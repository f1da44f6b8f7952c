//! The commands that list and change what a server remembers, also while it runs.

use std::path::Path;

use archive::Reader;
use hosting::{DataFolder, lines};
use serde_json::json;

use crate::cli::TokenAct;
use crate::keys::Keys;
use crate::report::Report;

/// `antenne-server token …`.
pub(crate) fn token(data_dir: &Path, act: &TokenAct, json: bool) -> anyhow::Result<()> {
    let (keys, report) = (Keys::of(data_dir), Report::new(json));
    match act {
        TokenAct::Add { show } => {
            let (key, token) = keys.add(show)?;
            let event = json!({ "id": key.id, "show": key.show, "added": key.added, "token": token });
            report.say(
                &event,
                &format!("{token}\n(the key {} of “{show}”; it is kept nowhere, so keep it well)", key.id),
            );
        }
        TokenAct::List => {
            for key in keys.list()? {
                let event = json!({ "id": key.id, "show": key.show, "added": key.added });
                report.say(&event, &format!("{}  {}  {}", key.id, key.added, key.show));
            }
        }
        TokenAct::Revoke { id } => {
            let key = keys.revoke(id)?;
            let event = json!({ "id": key.id, "show": key.show, "revoked": true });
            report.say(
                &event,
                &format!(
                    "The key {id} of “{}” is taken back. Who publishes with it now goes on until the session ends.",
                    key.show
                ),
            );
        }
    }
    Ok(())
}

/// `antenne-server shows`.
pub(crate) fn shows(data_dir: &Path, json: bool) -> anyhow::Result<()> {
    let reader = Reader::open(&DataFolder::database_in(data_dir))?;
    for show in reader.shows()? {
        let line = lines::show(show.slug.as_str(), &show.title, show.episodes, show.last_started_at);
        let last = show.last_started_at.map(lines::rfc3339).unwrap_or_default();
        Report::new(json).say(&line, &format!("{:<24} {:>4} episodes  {last}", show.slug.as_str(), show.episodes));
    }
    Ok(())
}

/// `antenne-server replays`.
pub(crate) fn replays(data_dir: &Path, json: bool) -> anyhow::Result<()> {
    let reader = Reader::open(&DataFolder::database_in(data_dir))?;
    for replay in reader.replays()? {
        Report::new(json).say(&lines::replay(&replay), &lines::replay_line(&replay));
    }
    Ok(())
}
