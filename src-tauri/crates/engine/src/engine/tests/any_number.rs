//! Any number of sources: added, moved, hidden and removed on air, in random order.

use domain::{ChromaKey, Layer, Rect};

use super::*;

/// Small, because the test is about changes and not about the computer's speed.
const SMALL: Canvas = Canvas { width: 320, height: 180, fps: 30 };

/// Numbers without a pattern (xorshift), the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from(self.0 % u64::from(end)).unwrap()
    }
}

/// Eight sources of frames and four of audio, of which some are open and some are shown.
struct Desk {
    chance: Chance,
    plan: Plan,
}

impl Desk {
    fn new(seed: u64) -> Self {
        Self { chance: Chance(seed), plan: Plan { canvas: SMALL, ..plan(0, &[], Layout::Solo) } }
    }

    /// The plan after one random act.
    fn act(&mut self) -> Plan {
        self.plan.id = PlanId(self.plan.id.0 + 1);
        let video = self.chance.below(3) > 0;
        let (kind, count) = match (video, self.chance.below(2)) {
            (true, 0) => (SourceKind::Camera, 8),
            (true, _) => (SourceKind::Screen, 8),
            (false, _) => (SourceKind::Microphone, 4),
        };
        let number = self.chance.below(count);
        let name = id(&format!("{}-{number}", if video { "video" } else { "audio" }));
        let open = self.plan.sources.contains_key(&name);
        let layers = &mut self.plan.program.layers;
        match self.chance.below(4) {
            0 if open => {
                self.plan.sources.remove(&name);
                layers.retain(|layer| layer.source != name);
            }
            _ if !open => drop(self.plan.sources.insert(name.clone(), SourceSpec::Test(kind))),
            1 => {
                let strip = Strip { gain_db: -6.0, muted: self.chance.below(2) == 0 };
                self.plan.strips.insert(name.clone(), strip);
            }
            2 => layers.retain(|layer| layer.source != name),
            _ => {}
        }
        if video && self.plan.sources.contains_key(&name) {
            let mut even = |end: u32| self.chance.below(end / 2) * 2;
            let rect = Rect { x: even(300), y: even(160), width: 20 + even(200), height: 20 + even(150) };
            let faint = even(200);
            let key = ChromaKey { cb: 128, cr: 128, tolerance: 4, softness: 20 };
            layers.retain(|layer| layer.source != name || faint > 150);
            layers.push(Layer {
                opacity: if faint < 50 { 128 } else { 255 },
                key: (faint % 8 == 0).then_some(key),
                ..Layer::new(name, rect)
            });
        }
        self.plan.clone()
    }
}

#[test]
fn sources_are_added_moved_hidden_and_removed_on_air_in_random_order() {
    let studio = Studio::open_with(SMALL);
    let on_air = studio.begin(None);
    let mut desk = Desk::new(0x5eed_0006);
    let mut all = VecDeque::new();
    let mut most = (0, 0);
    for step in 1..=60 {
        let plan = desk.act();
        most = (most.0.max(plan.sources.len()), most.1.max(plan.program.layers.len()));
        let last = plan.id;
        studio.engine.show(plan);
        if step % 10 == 0 {
            studio.wait_shown(last);
        }
        all.extend(on_air.until(ProgramTime::from_millis(150 * step)));
    }
    assert!(most.0 >= 8 && most.1 >= 4, "there was something to do: {most:?}");
    assert_without_holes(&all);
    let audio: Vec<_> = all.iter().filter(|unit| unit.track == Track::Opus).map(|unit| unit.pts).collect();
    for pair in audio.windows(2) {
        let step = pair[1].as_nanos() - pair[0].as_nanos();
        assert!(step.abs_diff(20_000_000) < 1_000, "a hole in the audio: {pair:?}");
    }
    // Everything goes; the slate and silence stay.
    studio.engine.show(plan(1000, &[], Layout::Solo));
    studio.wait_shown(PlanId(1000));
    let next = studio.engine.program_time().unwrap() + Duration::from_millis(500);
    assert_without_holes(&on_air.until(next));
    assert!(studio.end(on_air).is_none());
}
