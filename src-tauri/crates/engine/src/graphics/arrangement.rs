//! Where cards stand and how they come and go. Time is an argument.

use std::sync::Arc;
use std::time::Duration;

use domain::Seq;

use crate::graphics::card::Card;
use crate::graphics::scale::Scale;
use crate::yuv::{FrameMut, OPAQUE};

/// Coming, going and making room take so long.
const CALM: Duration = Duration::from_millis(200);
/// From the picture's edges, and between cards; in units.
const EDGE: f32 = 24.0;
const GAP: f32 = 8.0;
/// How far a card slides while it comes or goes; in units.
const SLIDE: f32 = 22.0;

/// What is to be over the layers: the target of the cards, and whether hearts rise.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dressing {
    /// Oldest first.
    pub(crate) chat: Vec<(Seq, Arc<Card>)>,
    pub(crate) comment: Option<Arc<Card>>,
    pub(crate) title: Option<Arc<Card>>,
    pub(crate) hearts: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Chat(Seq),
    Comment,
    Title,
}

struct Placed {
    place: Place,
    card: Arc<Card>,
    y: Glide,
    came: Duration,
    goes: Option<Duration>,
}

/// A number on its way to another.
#[derive(Clone, Copy)]
struct Glide {
    from: f32,
    to: f32,
    since: Duration,
}

impl Glide {
    fn at(&self, now: Duration) -> f32 {
        self.from + (self.to - self.from) * eased(self.since, now)
    }

    fn towards(&mut self, to: f32, now: Duration) {
        if (self.to - to).abs() > 0.5 {
            *self = Self { from: self.at(now), to, since: now };
        }
    }
}

/// From 0 at `since` to 1 at `since + CALM`: fast, then slow.
fn eased(since: Duration, now: Duration) -> f32 {
    let passed = (now.saturating_sub(since).as_secs_f32() / CALM.as_secs_f32()).min(1.0);
    1.0 - (1.0 - passed).powi(3)
}

/// The cards over the layers, each on its place or on its way.
pub(crate) struct Arrangement {
    scale: Scale,
    placed: Vec<Placed>,
}

impl Arrangement {
    pub(crate) fn new(scale: Scale) -> Self {
        Self { scale, placed: Vec::new() }
    }

    /// Whether no card is on the picture.
    pub(crate) fn is_empty(&self) -> bool {
        self.placed.is_empty()
    }

    /// Makes `dressing` the target at `now`: what is new comes, what is not in it goes.
    pub(crate) fn set(&mut self, dressing: &Dressing, now: Duration) {
        let targets = self.targets(dressing);
        for placed in &mut self.placed {
            let stays = targets.iter().any(|(place, card, _)| placed.is(*place, card));
            match (stays, placed.goes) {
                (false, None) => placed.goes = Some(now),
                // It was on its way out and is wanted again.
                (true, Some(_)) => (placed.goes, placed.came) = (None, now),
                _ => {}
            }
        }
        let slide = SLIDE * self.scale.unit;
        for (place, card, y) in targets {
            if let Some(placed) = self.placed.iter_mut().find(|placed| placed.is(place, &card)) {
                placed.y.towards(y, now);
            } else {
                let from = if place == Place::Title { y - slide } else { y + slide };
                self.placed.push(Placed { place, card, y: Glide { from, to: y, since: now }, came: now, goes: None });
            }
        }
    }

    /// Every card of `dressing` and the y of its upper edge, in pixels.
    #[allow(clippy::cast_precision_loss, reason = "a canvas has at most 3840 pixels")]
    fn targets(&self, dressing: &Dressing) -> Vec<(Place, Arc<Card>, f32)> {
        let Scale { unit, height, reserved, .. } = self.scale;
        let mut targets = Vec::new();
        let mut top = reserved as f32 + GAP * unit;
        if let Some(card) = &dressing.title {
            let y = reserved as f32 + EDGE * unit;
            targets.push((Place::Title, Arc::clone(card), y));
            top = y + card.height() as f32 + GAP * unit;
        }
        let mut bottom = height as f32 - EDGE * unit;
        if let Some(card) = &dressing.comment {
            let y = bottom - card.height() as f32;
            targets.push((Place::Comment, Arc::clone(card), y));
            bottom = y - 2.0 * GAP * unit;
        }
        for (seq, card) in dressing.chat.iter().rev() {
            let y = bottom - card.height() as f32;
            // What has no room is the oldest: it is left out rather than cut.
            if y < top {
                break;
            }
            targets.push((Place::Chat(*seq), Arc::clone(card), y));
            bottom = y - GAP * unit;
        }
        targets
    }

    /// Draws the cards at `now`.
    pub(crate) fn paint(&mut self, frame: &mut FrameMut<'_>, now: Duration) {
        self.placed.retain(|placed| placed.goes.is_none_or(|since| now.saturating_sub(since) < CALM));
        for placed in &self.placed {
            placed.paint(frame, &self.scale, now);
        }
    }
}

impl Placed {
    fn is(&self, place: Place, card: &Arc<Card>) -> bool {
        self.place == place && Arc::ptr_eq(&self.card, card)
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels; opacity is 0 to 256")]
    fn paint(&self, frame: &mut FrameMut<'_>, scale: &Scale, now: Duration) {
        let (margin, width) = (self.card.margin, i32::try_from(self.card.sprite.width()).unwrap_or(i32::MAX));
        let edge = scale.pixels(EDGE) - margin;
        let mut x = if self.place == Place::Comment { (scale.width - width) / 2 } else { edge };
        let mut y = self.y.at(now);
        let mut opacity = eased(self.came, now);
        if let Some(since) = self.goes {
            let gone = eased(since, now);
            opacity *= 1.0 - gone;
            match self.place {
                Place::Chat(_) => x -= (gone * SLIDE * scale.unit) as i32,
                Place::Comment => y += gone * SLIDE * scale.unit,
                Place::Title => y -= gone * SLIDE * scale.unit,
            }
        }
        let opacity = (opacity * f32::from(OPAQUE)).round() as u16;
        frame.blend(&self.card.sprite, x, y.round() as i32 - margin, opacity);
    }
}
