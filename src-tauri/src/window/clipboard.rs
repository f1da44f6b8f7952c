//! When a show is on air its link is on the clipboard: the first thing that is done with it is to send it.

use domain::{EpisodeId, Event, Phase, Update};
use tauri::AppHandle;

/// Sees a show go on air. A page that is loaded again begins with a snapshot, which is no news.
#[derive(Default)]
pub(super) struct Watch {
    copied: Option<EpisodeId>,
}

impl Watch {
    /// Whether a show went on air with one of `updates`, and its link is to be copied.
    pub(super) fn went_on_air(&mut self, updates: &[Update]) -> bool {
        // Each of them is seen, whatever the one before was.
        updates.iter().filter(|update| self.sees(update)).count() > 0
    }

    fn sees(&mut self, update: &Update) -> bool {
        match update {
            Update::Snapshot { snapshot } => {
                self.copied = on_air(&snapshot.phase).cloned();
                false
            }
            Update::Event { numbered } => match &numbered.event {
                Event::Phase(phase) => {
                    on_air(phase).is_some_and(|episode| self.copied.replace(episode.clone()).as_ref() != Some(episode))
                }
                _ => false,
            },
            Update::Levels { .. } | Update::Clock { .. } => false,
        }
    }
}

fn on_air(phase: &Phase) -> Option<&EpisodeId> {
    match phase {
        Phase::OnAir { episode, .. } => Some(episode),
        _ => None,
    }
}

/// Puts `text` on the clipboard.
pub(super) fn copy(app: &AppHandle, text: String) {
    let copied = app.run_on_main_thread(move || {
        gtk::Clipboard::get(&gtk::gdk::SELECTION_CLIPBOARD).set_text(&text);
    });
    if let Err(error) = copied {
        tracing::warn!(%error, "the link is not on the clipboard");
    }
}

#[cfg(test)]
mod tests {
    use domain::{Canvas, Numbered, Production, Proof, Setup, UnixMs};

    use super::*;

    fn event(phase: Phase) -> Update {
        Update::Event { numbered: Numbered { number: 1, event: Event::Phase(phase) } }
    }

    fn on_air(number: u8) -> Phase {
        Phase::OnAir { episode: EpisodeId::from_random([number; 16]), since: UnixMs(1), proof: Proof::Verified }
    }

    #[test]
    fn the_link_is_copied_once_a_show_and_not_again_when_the_page_is_loaded_again() {
        let mut watch = Watch::default();
        assert!(!watch.went_on_air(&[event(Phase::Idle)]));
        assert!(watch.went_on_air(&[event(on_air(1)), event(on_air(1))]));
        assert!(!watch.went_on_air(&[event(on_air(1))]), "the proof came, or went");
        assert!(!watch.went_on_air(&[event(Phase::Idle)]));
        assert!(watch.went_on_air(&[event(on_air(2))]));

        let mut snapshot = Production::new(Setup::default(), Canvas::default(), true).snapshot().clone();
        snapshot.phase = on_air(3);
        let mut watch = Watch::default();
        assert!(!watch.went_on_air(&[Update::Snapshot { snapshot }, event(on_air(3))]));
    }
}
