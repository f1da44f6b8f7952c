//! The render thread: turns texts into sprites, so that the program's thread only lays them.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use domain::{ChatCard, Graphics, Seq, TitleCard};

use crate::graphics::arrangement::Dressing;
use crate::graphics::card::{self, Card};
use crate::graphics::hearts::HeartSprites;
use crate::graphics::scale::Scale;

/// So many requests for hearts wait for the renderer or the painter; more are dropped: thirty fit
/// on the picture.
const HEARTS_WAITING: usize = 64;
/// So many hues of hearts stay rendered (about a quarter of a megabyte each at 720p).
const HUES_KEPT: usize = 48;

/// What waits for the render thread. The latest graphics win.
#[derive(Default)]
struct Wanted {
    graphics: Option<Graphics>,
    hearts: Vec<(u16, u32)>,
    closed: bool,
    #[cfg(test)]
    panic: bool,
}

/// What waits for the painter. The latest dressing wins.
#[derive(Default)]
pub(crate) struct Made {
    pub(crate) dressing: Option<Dressing>,
    pub(crate) hearts: Vec<(u16, u32, Arc<HeartSprites>)>,
}

/// What handle, render thread and painter share.
#[derive(Default)]
pub(crate) struct Desk {
    wanted: Mutex<Wanted>,
    changed: Condvar,
    made: Mutex<Made>,
}

/// Nothing is done while these are locked that could panic half-way.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    pub(crate) fn want_graphics(&self, graphics: Graphics) {
        lock(&self.wanted).graphics = Some(graphics);
        self.changed.notify_one();
    }

    pub(crate) fn want_hearts(&self, hue: u16, count: u32) {
        let mut wanted = lock(&self.wanted);
        if let Some(same) = wanted.hearts.iter_mut().find(|(known, _)| *known == hue) {
            same.1 = same.1.saturating_add(count);
        } else if wanted.hearts.len() < HEARTS_WAITING {
            wanted.hearts.push((hue, count));
        }
        drop(wanted);
        self.changed.notify_one();
    }

    #[cfg(test)]
    pub(crate) fn want_a_panic(&self) {
        let mut wanted = lock(&self.wanted);
        wanted.panic = true;
        wanted.hearts.push((0, 1));
        drop(wanted);
        self.changed.notify_one();
    }

    pub(crate) fn close(&self) {
        lock(&self.wanted).closed = true;
        self.changed.notify_one();
    }

    /// What was made since the last time; nothing where the render thread is just putting
    /// something there: the painter never waits.
    pub(crate) fn take_made(&self) -> Made {
        self.made.try_lock().map(|mut made| std::mem::take(&mut *made)).unwrap_or_default()
    }

    /// Whether something waits for the painter.
    #[cfg(test)]
    pub(crate) fn has_made(&self) -> bool {
        let made = lock(&self.made);
        made.dressing.is_some() || !made.hearts.is_empty()
    }

    fn next(&self) -> Option<Wanted> {
        let mut wanted = lock(&self.wanted);
        while !wanted.closed && wanted.graphics.is_none() && wanted.hearts.is_empty() {
            wanted = self.changed.wait(wanted).unwrap_or_else(PoisonError::into_inner);
        }
        (!wanted.closed).then(|| std::mem::take(&mut *wanted))
    }
}

/// The render thread's work, until the desk is closed.
pub(crate) fn run(desk: &Desk, scale: Scale) {
    let mut renderer = Renderer { scale, cards: HashMap::new(), hearts: HashMap::new() };
    while let Some(wanted) = desk.next() {
        #[cfg(test)]
        assert!(!wanted.panic, "a test");
        for (hue, count) in wanted.hearts {
            if let Some(sprites) = renderer.heart(hue) {
                let mut made = lock(&desk.made);
                if made.hearts.len() < HEARTS_WAITING {
                    made.hearts.push((hue, count, sprites));
                }
            }
        }
        if let Some(graphics) = wanted.graphics {
            let dressing = renderer.dressing(&graphics);
            lock(&desk.made).dressing = Some(dressing);
        }
    }
}

/// What a card is made of; the same words at another place make the same one.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Content {
    Chat(ChatCard),
    Comment(ChatCard),
    Title { title: String, show: String },
}

struct Renderer {
    scale: Scale,
    cards: HashMap<Content, Arc<Card>>,
    hearts: HashMap<u16, Arc<HeartSprites>>,
}

impl Renderer {
    fn dressing(&mut self, graphics: &Graphics) -> Dressing {
        let chat: Vec<_> =
            graphics.chat.iter().filter_map(|comment| Some((comment.seq, self.chat(comment)?))).collect();
        let comment = graphics.comment.as_ref().and_then(|comment| self.comment(comment));
        let title = graphics.title.as_ref().and_then(|title| self.title(title));
        let shown = |card: &Arc<Card>| {
            let others = chat.iter().map(|(_, card)| card).chain(&comment).chain(&title);
            others.into_iter().any(|other| Arc::ptr_eq(card, other))
        };
        self.cards.retain(|_, card| shown(card));
        Dressing { chat, comment, title, hearts: graphics.hearts }
    }

    fn chat(&mut self, comment: &ChatCard) -> Option<Arc<Card>> {
        let unit = self.scale.unit;
        let content = Content::Chat(ChatCard { seq: Seq(0), ..comment.clone() });
        self.card(content, || card::chat(comment, unit))
    }

    fn comment(&mut self, comment: &ChatCard) -> Option<Arc<Card>> {
        let (unit, width) = (self.scale.unit, self.width());
        let content = Content::Comment(ChatCard { seq: Seq(0), ..comment.clone() });
        self.card(content, || card::comment(comment, unit, width))
    }

    fn title(&mut self, title: &TitleCard) -> Option<Arc<Card>> {
        let (unit, width) = (self.scale.unit, self.width());
        let content = Content::Title { title: title.title.clone(), show: title.show.clone() };
        self.card(content, || card::title(title, unit, width))
    }

    #[allow(clippy::cast_precision_loss, reason = "a canvas has at most 3840 pixels")]
    fn width(&self) -> f32 {
        self.scale.width as f32
    }

    fn card(&mut self, content: Content, render: impl FnOnce() -> Option<Card>) -> Option<Arc<Card>> {
        if let Some(card) = self.cards.get(&content) {
            return Some(Arc::clone(card));
        }
        let card = Arc::new(render()?);
        self.cards.insert(content, Arc::clone(&card));
        Some(card)
    }

    fn heart(&mut self, hue: u16) -> Option<Arc<HeartSprites>> {
        let hue = hue % 360;
        if let Some(sprites) = self.hearts.get(&hue) {
            return Some(Arc::clone(sprites));
        }
        if self.hearts.len() >= HUES_KEPT {
            self.hearts.clear();
        }
        let sprites = Arc::new(HeartSprites::render(hue, self.scale.unit)?);
        self.hearts.insert(hue, Arc::clone(&sprites));
        Some(sprites)
    }
}
