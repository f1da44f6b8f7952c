//! What the engine must show: the target, not the steps.

use crate::{Canvas, DeviceChoice, Layout, PlanId, Production, Rect, Role, Seq};

/// Where a picture or sound comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SourceSpec {
    /// A device with this id.
    Device(String),
    /// The test device of that role.
    Test,
    /// A still picture: a PNG or JPEG file.
    Image(std::path::PathBuf),
}

/// One picture on the canvas. Layers are listed from the bottom up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Whose picture.
    pub role: Role,
    /// Where.
    pub rect: Rect,
}

/// The microphone's strip in the mix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Strip {
    /// Gain in decibels.
    pub gain_db: f32,
    /// Whether it is silent.
    pub muted: bool,
}

/// A comment among the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatCard {
    /// Which.
    pub seq: Seq,
    /// Who wrote it.
    pub name: String,
    /// Their colour, in degrees.
    pub hue: u16,
    /// The comment.
    pub text: String,
}

/// One comment, large, at the bottom of the picture.
pub type CommentCard = ChatCard;

/// The title of the episode, large.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TitleCard {
    /// The title.
    pub title: String,
    /// The show's name, smaller.
    pub show: String,
}

/// What is drawn over the picture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Graphics {
    /// At most five comments, oldest first.
    pub chat: Vec<ChatCard>,
    /// Whether hearts rise.
    pub hearts: bool,
    /// The comment that is shown large.
    pub comment: Option<CommentCard>,
    /// The title card.
    pub title: Option<TitleCard>,
}

/// The whole target.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Which; echoed by the engine when it is shown.
    pub id: PlanId,
    /// Size and rate; fixed for the life of an engine.
    pub canvas: Canvas,
    /// Sources that are open, whether or not a layer shows them.
    pub sources: Vec<(Role, SourceSpec)>,
    /// Pictures, from the bottom up.
    pub layers: Vec<Layer>,
    /// The microphone.
    pub strip: Strip,
    /// What is drawn over it.
    pub graphics: Graphics,
}

/// The plan that shows `production`. Pure: equal productions give equal plans but for the id.
#[must_use]
pub fn plan(production: &Production, id: PlanId) -> Plan {
    let setup = &production.snapshot().setup;
    let canvas = production.canvas();
    let chosen = [
        (Role::Camera, production.resolved(Role::Camera)),
        (Role::Microphone, production.resolved(Role::Microphone)),
        (Role::Screen, production.resolved(Role::Screen)),
    ];
    let sources: Vec<_> = chosen.into_iter().filter_map(|(role, choice)| Some((role, spec(choice)?))).collect();
    let has = |role| sources.iter().any(|(open, _)| *open == role);
    let layers = layers(setup.layout, &canvas, has(Role::Screen), has(Role::Camera));
    Plan {
        id,
        canvas,
        layers,
        strip: Strip { gain_db: setup.gain_db, muted: setup.muted },
        graphics: production.graphics(),
        sources,
    }
}

fn spec(choice: DeviceChoice) -> Option<SourceSpec> {
    match choice {
        DeviceChoice::Device(id) => Some(match id.strip_prefix(DeviceChoice::IMAGE_PREFIX) {
            Some(path) => SourceSpec::Image(path.into()),
            None => SourceSpec::Device(id),
        }),
        DeviceChoice::Test => Some(SourceSpec::Test),
        DeviceChoice::First | DeviceChoice::None => None,
    }
}

/// Without any picture the slate of the camera fills the canvas.
fn layers(layout: Layout, canvas: &Canvas, screen: bool, camera: bool) -> Vec<Layer> {
    let full = Rect { x: 0, y: 0, width: canvas.width, height: canvas.height };
    match (screen, camera) {
        (true, true) => {
            let (screen, camera) = layout.rects(canvas);
            let screen = screen.map(|rect| Layer { role: Role::Screen, rect });
            let camera = camera.map(|rect| Layer { role: Role::Camera, rect });
            screen.into_iter().chain(camera).collect()
        }
        (true, false) => vec![Layer { role: Role::Screen, rect: full }],
        (false, _) => vec![Layer { role: Role::Camera, rect: full }],
    }
}
