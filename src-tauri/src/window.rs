//! The studio's window: three commands, and nothing of its own.

mod clipboard;
mod closing;
mod front;
mod page;
mod sentence;

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};
use domain::{Command, Refusal, Reply, Snapshot};
use studio::{Beat, Studio, StudioConfig};
use tauri::ipc::{Channel, InvokeResponseBody};
use tauri::webview::NewWindowResponse;
use tauri::{Manager as _, RunEvent, State, WebviewUrl, WebviewWindowBuilder};
use tokio::task::JoinHandle;

use crate::live::{EndSignals, data_dir};
use crate::{bus, guard};

/// WebKit's way of drawing without a graphics card, six times cheaper there than its default.
const SOFTWARE_DRAWING: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";

struct Shell {
    studio: Mutex<Option<std::sync::Arc<Studio>>>,
    subscription: Mutex<Option<JoinHandle<()>>>,
}

impl Shell {
    fn studio(&self) -> Result<std::sync::Arc<Studio>, Refusal> {
        let studio = self.studio.lock().unwrap_or_else(PoisonError::into_inner);
        studio.clone().ok_or_else(|| Refusal::new("studio.closed", "the studio is closing"))
    }
}

/// Opens the window and stays until it is closed.
pub(crate) fn open(folder: Option<PathBuf>) -> Result<()> {
    if std::env::var_os("DISPLAY").is_none() && std::env::var_os("WAYLAND_DISPLAY").is_none() {
        bail!(
            "there is no display to open the studio's window on; `antenne live` goes on air without one (see antenne live --help)"
        );
    }
    draw_in_software_without_a_graphics_card()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no threads")?;
    let folder = data_dir(folder)?;
    let studio = match runtime.block_on(Studio::start(StudioConfig::new(folder.clone()))) {
        Ok(studio) => studio,
        Err(error) => {
            let error = anyhow::Error::from(error);
            // Whoever starts it twice wants the window that is open.
            if !front::bring_the_open_window(&folder) {
                sentence::show_without_a_terminal(&format!("{error:#}"));
            }
            return Err(error);
        }
    };
    tauri::async_runtime::set(runtime.handle().clone());
    let shell = Shell { studio: Mutex::new(Some(std::sync::Arc::new(studio))), subscription: Mutex::new(None) };
    let _bus = bus::outlived();
    // From here on: a signal that comes before the window is there ends it as soon as it is.
    let mut end = {
        let _runtime = runtime.enter();
        EndSignals::listen()?
    };
    let app = tauri::Builder::default()
        .manage(shell)
        .invoke_handler(tauri::generate_handler![dispatch, snapshot, subscribe])
        .setup(move |app| {
            let window = WebviewWindowBuilder::new(app, "main", WebviewUrl::App("index.html".into()))
                .title("Antenne")
                .inner_size(1280.0, 800.0)
                .min_inner_size(1024.0, 700.0)
                .background_color(tauri::window::Color(0x0E, 0x0F, 0x13, 0xFF))
                .on_navigation(guard::goes)
                .on_new_window(|url, _| {
                    guard::goes(&url);
                    NewWindowResponse::Deny
                })
                .build()?;
            page::revive(&window);
            closing::watch(&window);
            front::listen(&window, &folder);
            Ok(())
        })
        .build(tauri::generate_context!())
        .context("the window cannot be opened")?;
    let handle = app.handle().clone();
    runtime.spawn(async move {
        end.next().await;
        handle.exit(0);
    });
    app.run(move |handle, event| {
        if let RunEvent::Exit = event {
            runtime.block_on(close(handle.state::<Shell>()));
            // The process ends here, and not where the window was opened.
            crate::logging::finish();
        }
    });
    Ok(())
}

/// Ends the show, if one is on air, before the process goes.
async fn close(shell: State<'_, Shell>) {
    if let Some(task) = shell.subscription.lock().unwrap_or_else(PoisonError::into_inner).take() {
        task.abort();
    }
    let studio = shell.studio.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(studio) = studio {
        match std::sync::Arc::try_unwrap(studio) {
            Ok(studio) => studio.close().await,
            Err(_) => tracing::error!("a command is still running; what is on air is finished at the next start"),
        }
    }
}

#[tauri::command]
async fn dispatch(shell: State<'_, Shell>, command: Command) -> Result<Reply, Refusal> {
    Ok(shell.studio()?.dispatch(command).await)
}

#[tauri::command]
async fn snapshot(shell: State<'_, Shell>) -> Result<Snapshot, Refusal> {
    shell.studio()?.snapshot().await.ok_or_else(|| Refusal::new("studio.closed", "the studio is closing"))
}

/// One subscription at a time: a reload of the page replaces the one before.
#[tauri::command]
async fn subscribe(
    app: tauri::AppHandle,
    shell: State<'_, Shell>,
    channel: Channel<InvokeResponseBody>,
) -> Result<(), Refusal> {
    let closed = || Refusal::new("studio.closed", "the studio is closing");
    let mut subscription = shell.studio()?.subscribe(true).await.ok_or_else(closed)?;
    tracing::info!("the window's page subscribed");
    let mut watch = clipboard::Watch::default();
    let task = tokio::spawn(async move {
        while let Some(beat) = subscription.beat().await {
            if watch.went_on_air(&beat.updates) {
                copy_the_link(&app).await;
            }
            let message = match message(&beat) {
                Ok(message) => message,
                Err(error) => {
                    tracing::error!(%error, "an update could not be written");
                    continue;
                }
            };
            if channel.send(message).is_err() {
                return;
            }
        }
    });
    let before = shell.subscription.lock().unwrap_or_else(PoisonError::into_inner).replace(task);
    if let Some(before) = before {
        before.abort();
    }
    Ok(())
}

async fn copy_the_link(app: &tauri::AppHandle) {
    let Ok(studio) = app.state::<Shell>().studio() else { return };
    if let Some(snapshot) = studio.snapshot().await {
        clipboard::copy(app, snapshot.links.viewer_url);
    }
}

/// The updates as a JSON array; with a picture, the length of that text in bytes (32 bits, least
/// significant byte first), the text, and the JPEG.
fn message(beat: &Beat) -> Result<InvokeResponseBody> {
    let text = serde_json::to_string(&beat.updates)?;
    let Some(jpeg) = &beat.monitor else { return Ok(InvokeResponseBody::Json(text)) };
    let length = u32::try_from(text.len()).context("it is too long")?;
    Ok(InvokeResponseBody::Raw([&length.to_le_bytes(), text.as_bytes(), jpeg].concat()))
}

/// Replaces this process by itself once, with the variable that WebKit reads before GTK starts.
fn draw_in_software_without_a_graphics_card() -> Result<()> {
    if Path::new("/dev/dri").exists() || std::env::var_os(SOFTWARE_DRAWING).is_some() {
        return Ok(());
    }
    let program = std::env::current_exe().context("the program does not find itself")?;
    let error = std::process::Command::new(program).args(std::env::args_os().skip(1)).env(SOFTWARE_DRAWING, "1").exec();
    Err(error).context("the program could not start itself anew")
}
