//! Closing works without the page. The page is asked first, because it asks the operator in its own
//! words; where it does not answer, the shell asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use domain::Phase;
use gtk::prelude::{DialogExt as _, GtkWindowExt as _, WidgetExt as _};
use tauri::{Listener as _, Manager as _, WebviewWindow, WindowEvent};

use super::Shell;

/// So long the page may take to say that it saw the wish.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
/// So long the studio may take to say whether a show is on air.
const KNOWS_WITHIN: Duration = Duration::from_secs(2);
/// What the page says when it saw that the window is to be closed.
const SEEN: &str = "close-seen";

/// Wishes to close: how many of them the page saw, and whether the shell asks already.
#[derive(Default)]
struct Wishes {
    seen: AtomicU64,
    asking: AtomicBool,
}

/// Looks after every wish to close `window`.
pub(super) fn watch(window: &WebviewWindow) {
    let wishes = Arc::new(Wishes::default());
    let seen = wishes.clone();
    window.listen_any(SEEN, move |_| {
        seen.seen.fetch_add(1, Ordering::AcqRel);
    });
    let closed = window.clone();
    window.on_window_event(move |event| {
        if let WindowEvent::CloseRequested { .. } = event {
            let (window, wishes) = (closed.clone(), wishes.clone());
            let before = wishes.seen.load(Ordering::Acquire);
            tauri::async_runtime::spawn(async move {
                tokio::time::sleep(ANSWERS_WITHIN).await;
                if wishes.seen.load(Ordering::Acquire) == before {
                    close_without_the_page(window, wishes).await;
                }
            });
        }
    });
}

async fn close_without_the_page(window: WebviewWindow, wishes: Arc<Wishes>) {
    tracing::warn!("the window's page does not answer; the window is closed without it");
    if !is_on_air(&window).await {
        destroy(&window);
        return;
    }
    if wishes.asking.swap(true, Ordering::AcqRel) {
        return;
    }
    let (asked, answered) = (window.clone(), wishes.clone());
    if let Err(error) = window.run_on_main_thread(move || ask(&asked, answered)) {
        tracing::error!(%error, "nobody can be asked");
        wishes.asking.store(false, Ordering::Release);
    }
}

async fn is_on_air(window: &WebviewWindow) -> bool {
    let Ok(studio) = window.state::<Shell>().studio() else { return false };
    let snapshot = tokio::time::timeout(KNOWS_WITHIN, studio.snapshot()).await;
    let phase = snapshot.ok().flatten().map(|snapshot| snapshot.phase);
    matches!(phase, Some(Phase::Starting { .. } | Phase::OnAir { .. }))
}

/// The page's question, in the desktop's own dialog. On the main thread.
fn ask(window: &WebviewWindow, wishes: Arc<Wishes>) {
    let parent = window.gtk_window().ok();
    let dialog = gtk::MessageDialog::new(
        parent.as_ref(),
        gtk::DialogFlags::MODAL,
        gtk::MessageType::Question,
        gtk::ButtonsType::None,
        "You are on air, and the window does not answer. Closing it ends the show; its recording is finished and \
         stands in the library.",
    );
    dialog.set_title("Antenne");
    dialog.add_button("Stay on air", gtk::ResponseType::Cancel);
    dialog.add_button("End the show and close", gtk::ResponseType::Accept);
    dialog.set_default_response(gtk::ResponseType::Cancel);
    let window = window.clone();
    dialog.connect_response(move |dialog, response| {
        wishes.asking.store(false, Ordering::Release);
        dialog.hide();
        if response == gtk::ResponseType::Accept {
            destroy(&window);
        }
    });
    dialog.show_all();
}

fn destroy(window: &WebviewWindow) {
    super::page::end(window);
    if let Err(error) = window.destroy() {
        tracing::error!(%error, "the window cannot be closed");
        window.app_handle().exit(0);
    }
}
