//! Hearts rise at the right edge of the picture, sway, and fade.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::graphics::scale::Scale;
use crate::graphics::sprite::Sprite;
use crate::graphics::{colour, template};
use crate::yuv::{FrameMut, OPAQUE};

/// So many are on the picture at once; the rest is counted elsewhere.
pub(crate) const AT_ONCE: usize = 30;
/// So many wait for a place; what is more comes too late to mean anything.
const WAITING: usize = 30;
/// Sizes that a heart passes through when it appears, and ends in; pixels of a 56-unit sprite.
const SIZES: [f32; 7] = [0.35, 0.6, 0.8, 0.9, 1.0, 1.1, 1.2];
const GROWING: f32 = 0.14;

/// The pictures of one hue: for each size, moved by 0 or 1 pixel right and down, so that a heart
/// moves smoothly although sprites lie on even pixels.
#[derive(Debug)]
pub(crate) struct HeartSprites {
    sizes: Vec<[Sprite; 4]>,
}

impl HeartSprites {
    /// Renders them; some milliseconds.
    pub(crate) fn render(hue: u16, unit: f32) -> Option<Self> {
        let values = [
            ("colour", colour::heart(hue).hex().into()),
            ("light", colour::heart_light(hue).hex().into()),
            ("deep", colour::heart_deep(hue).hex().into()),
        ];
        let svg = template::fill(template::HEART, &values);
        let of = |size: f32| {
            let pixmap = template::render(&svg, size * unit)?;
            Some([(0, 0), (1, 0), (0, 1), (1, 1)].map(|(right, down)| Sprite::moved(&pixmap, right, down)))
        };
        Some(Self { sizes: SIZES.into_iter().map(of).collect::<Option<_>>()? })
    }

    fn sprite(&self, size: f32, x: i32, y: i32) -> &Sprite {
        let distance = |index: &usize| (SIZES[*index] - size).abs();
        let nearest = (0..SIZES.len()).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(0);
        &self.sizes[nearest][usize::from(x & 1 == 1) + 2 * usize::from(y & 1 == 1)]
    }
}

/// One heart on its way.
struct Heart {
    sprites: Arc<HeartSprites>,
    born: Duration,
    /// 2 to 3 seconds.
    life: f32,
    size: f32,
    /// Pixels.
    x: f32,
    sway: f32,
    rise: f32,
    /// Radians.
    phase: f32,
    turns: f32,
}

/// The hearts on the picture.
pub(crate) struct Hearts {
    scale: Scale,
    rising: Vec<Heart>,
    waiting: VecDeque<(u16, Arc<HeartSprites>)>,
    chance: Chance,
}

impl Hearts {
    pub(crate) fn new(scale: Scale) -> Self {
        let chance = Chance(0x9E37_79B9_7F4A_7C15);
        Self { scale, rising: Vec::with_capacity(AT_ONCE), waiting: VecDeque::new(), chance }
    }

    /// `count` hearts want to rise.
    pub(crate) fn add(&mut self, hue: u16, count: u32, sprites: &Arc<HeartSprites>) {
        for _ in 0..count {
            if self.waiting.len() >= WAITING {
                return;
            }
            self.waiting.push_back((hue, Arc::clone(sprites)));
        }
    }

    /// Whether none is on the picture or about to be.
    pub(crate) fn is_empty(&self) -> bool {
        self.rising.is_empty() && self.waiting.is_empty()
    }

    /// None rises any more; those on the picture finish.
    pub(crate) fn stop(&mut self) {
        self.waiting.clear();
    }

    /// Draws them at `now`; answers the hues of those that are seen for the first time.
    pub(crate) fn paint(&mut self, frame: &mut FrameMut<'_>, now: Duration) -> Vec<u16> {
        self.rising.retain(|heart| heart.age(now) < 1.0);
        let mut first = Vec::new();
        while self.rising.len() < AT_ONCE {
            let Some((hue, sprites)) = self.waiting.pop_front() else { break };
            let heart = self.born(sprites, now, first.len());
            self.rising.push(heart);
            first.push(hue);
        }
        for heart in &self.rising {
            heart.paint(frame, &self.scale, now);
        }
        first
    }

    #[allow(clippy::cast_precision_loss, reason = "a canvas has at most 3840 pixels")]
    fn born(&mut self, sprites: Arc<HeartSprites>, now: Duration, before: usize) -> Heart {
        let unit = self.scale.unit;
        let (width, height) = (self.scale.width as f32, self.scale.height as f32);
        let chance = &mut self.chance;
        Heart {
            sprites,
            born: now,
            life: chance.between(2.2, 3.0),
            size: chance.between(0.8, 1.2),
            x: width - unit * chance.between(52.0, 168.0),
            sway: unit * chance.between(9.0, 20.0),
            // Those that come together start a little apart.
            rise: height * chance.between(0.52, 0.66) - unit * 6.0 * before.min(6) as f32,
            phase: chance.between(0.0, std::f32::consts::TAU),
            turns: chance.between(1.1, 1.7),
        }
    }
}

impl Heart {
    /// 0 when it appears, 1 when it is gone.
    fn age(&self, now: Duration) -> f32 {
        now.saturating_sub(self.born).as_secs_f32() / self.life
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "pixels")]
    fn paint(&self, frame: &mut FrameMut<'_>, scale: &Scale, now: Duration) {
        let seconds = now.saturating_sub(self.born).as_secs_f32();
        let age = self.age(now);
        // Quick at first, then calmer.
        let risen = self.rise * (1.0 - (1.0 - age).powf(1.5));
        let grown = (seconds / GROWING).min(1.0);
        // A heart is seen from its first frame on: half its size, then a little too large, then right.
        let size = self.size * if grown < 1.0 { 0.5 + 0.62 * grown } else { 1.0 };
        let sway = self.sway * (self.phase + age * self.turns * std::f32::consts::TAU).sin() * (0.35 + 0.65 * age);
        let opacity = if age > 0.68 { (1.0 - age) / 0.32 } else { 1.0 };
        let half = 28.0 * size * scale.unit;
        let x = (self.x + sway - half).round() as i32;
        let y = (scale.height as f32 - 46.0 * scale.unit - risen - half).round() as i32;
        let opacity = (opacity.clamp(0.0, 1.0) * f32::from(OPAQUE)) as u16;
        frame.blend(self.sprites.sprite(size, x, y), x, y, opacity);
    }
}

/// Numbers without a pattern that anybody sees (xorshift64*); the same in every run.
struct Chance(u64);

impl Chance {
    #[allow(clippy::cast_precision_loss, reason = "24 bits fit")]
    fn between(&mut self, from: f32, to: f32) -> f32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40;
        from + (to - from) * (bits as f32 / 16_777_216.0)
    }
}
