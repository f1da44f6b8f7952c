//! What the engine must show: the target, not the steps.

use std::collections::BTreeMap;

use crate::{Canvas, Composition, PlanId, Production, Seq, SourceId, SourceKind, SourceSpec, Strip};

/// A comment among the others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ChatCard {
    /// Its place in the room's order.
    pub seq: Seq,
    /// Who wrote it.
    pub name: String,
    /// 2 for the second person whose name looks like this one, then 3, …
    pub n: Option<u16>,
    /// Whether the host wrote it.
    pub is_hosts: bool,
    /// Their colour, in degrees.
    pub hue: u16,
    /// The comment.
    pub text: String,
}

/// One comment, large, at the bottom of the frame.
pub type CommentCard = ChatCard;

/// The title of the episode, large.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TitleCard {
    /// The title.
    pub title: String,
    /// The show's name, smaller.
    pub show: String,
}

/// What the slate says where no layer is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlateWords {
    /// At most two lines, large.
    pub headline: String,
    /// Smaller.
    pub line: String,
}

impl SlateWords {
    /// While the show waits for its host: its title, and that it begins soon.
    pub(crate) fn waiting(title: &str, show: &str) -> Self {
        let soon = "Starting soon";
        match (title.trim(), show.trim()) {
            ("", show) => Self { headline: soon.to_owned(), line: show.to_owned() },
            (title, _) => Self { headline: title.to_owned(), line: soon.to_owned() },
        }
    }
}

/// What is drawn over the composition.
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
    /// Echoed by the engine when it is on a program frame.
    pub id: PlanId,
    /// Size and rate; fixed for the life of an engine.
    pub canvas: Canvas,
    /// Sources that are open, whether or not a layer shows them.
    pub sources: BTreeMap<SourceId, SourceSpec>,
    /// What is on air. Layers whose source is not open show its slate.
    pub program: Composition,
    /// What the slate says where `program` has no layers; none for what it says by itself.
    pub slate: Option<SlateWords>,
    /// The strips of the sources that give audio; one without a strip is at unity.
    pub strips: BTreeMap<SourceId, Strip>,
    /// What is drawn over it.
    pub graphics: Graphics,
}

/// The plan that shows `production`. Pure: equal productions give equal plans but for the id.
#[must_use]
pub fn plan(production: &Production, id: PlanId) -> Plan {
    let setup = &production.snapshot().setup;
    let canvas = production.canvas();
    let open = |source: &crate::SourceSetup| {
        let spec = SourceSpec::of(source.kind, production.resolved(source))?;
        Some((source.id.clone(), spec))
    };
    let sources: BTreeMap<_, _> = setup.sources.iter().filter_map(open).collect();
    let first = |kind: SourceKind| {
        setup
            .sources
            .iter()
            .filter(|source| source.kind == kind)
            .map(|source| &source.id)
            .find(|id| sources.contains_key(id))
    };
    let slate = production.slate();
    let program = match &setup.composition {
        _ if slate.is_some() => Composition { layers: Vec::new() },
        Some(composition) => composition.clone(),
        None => Composition::of_layout(setup.layout, &canvas, first(SourceKind::Screen), first(SourceKind::Camera)),
    };
    let audio = setup.sources.iter().filter(|source| !source.kind.is_video());
    Plan {
        id,
        canvas,
        program,
        slate,
        strips: audio.map(|source| (source.id.clone(), source.strip)).collect(),
        graphics: production.graphics(),
        sources,
    }
}
