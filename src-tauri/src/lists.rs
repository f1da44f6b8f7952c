//! `antenne devices`, `shows` and `replays`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use domain::{Device, DeviceKind};

use crate::live::data_dir;
use crate::logging::print;
use studio::lines;

/// Lists what was found.
pub(crate) fn devices(json: bool) -> Result<()> {
    studio::init_engine().context("devices cannot be listed")?;
    let studio::DeviceList { devices, unread } = studio::list_devices();
    if devices.is_empty() && unread.is_none() && !json {
        print("No camera, microphone, screen or encoder was found.")?;
    }
    for device in &devices {
        print(&if json { serde_json::to_string(device)? } else { line(device) })?;
    }
    if let Some(problem) = unread {
        bail!("there may be more: not everything could be read ({problem}); try again");
    }
    Ok(())
}

fn line(device: &Device) -> String {
    let kind = match device.kind {
        DeviceKind::Camera => "camera",
        DeviceKind::Microphone => "microphone",
        DeviceKind::ComputerSound => "computer sound",
        DeviceKind::Screen => "screen",
        DeviceKind::Encoder => "encoder",
    };
    let remark = device.unusable.as_deref().unwrap_or(&device.detail);
    format!("{kind:<14} {:<32} {} ({remark})", device.id, device.name)
}

/// Lists shows.
pub(crate) fn shows(folder: Option<PathBuf>, json: bool) -> Result<()> {
    let library = studio::read_library(&data_dir(folder)?)?;
    if library.shows.is_empty() && !json {
        print("No show yet.")?;
    }
    for show in &library.shows {
        print(&if json {
            lines::show(show.slug.as_str(), &show.title, show.episodes, show.last_started_at).to_string()
        } else {
            let last = show.last_started_at.map(lines::rfc3339).unwrap_or_default();
            format!("{:<24} {:>4} episodes  {last}", show.slug, show.episodes)
        })?;
    }
    Ok(())
}

/// Lists replays.
pub(crate) fn replays(folder: Option<PathBuf>, json: bool) -> Result<()> {
    let library = studio::read_library(&data_dir(folder)?)?;
    if library.replays.is_empty() && !json {
        print("No replay.")?;
    }
    for replay in &library.replays {
        print(&if json { lines::replay(replay).to_string() } else { lines::replay_line(replay) })?;
    }
    Ok(())
}
