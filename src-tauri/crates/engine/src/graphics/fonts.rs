//! The fonts of the graphics: Inter comes with Antenne, other scripts and emoji from the system.

use std::cell::Cell;
use std::collections::HashMap;
use std::panic::{UnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::{Arc, Mutex, Once, OnceLock, PoisonError};

use resvg::usvg::fontdb::{Database, FaceInfo, ID, Language, Style};
use resvg::usvg::{Font, FontFamily, FontResolver, Options, Tree};
use skrifa::{FontRef, MetadataProvider};

macro_rules! font {
    ($file:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../assets/fonts/", $file)).as_slice()
    };
}

const BUNDLED: [&[u8]; 3] = [font!("Inter-Medium.otf"), font!("Inter-SemiBold.otf"), font!("InterDisplay-Bold.otf")];

/// So many characters' fonts are remembered; strangers must not make this grow for ever.
const REMEMBERED: usize = 4096;
/// A name that no font has, before the number of a face that [`face_for`] chose.
const CHOSEN: &str = "antenne-face-";

/// How SVG is read: with these fonts, and never anything from outside the text itself.
///
/// Which font a character takes is decided by [`face_for`], not by usvg: its fallback gives up
/// where two fonts make a different number of glyphs, and may set a whole line in a font of emoji.
fn options() -> Options<'static> {
    let usual = FontResolver::default_font_selector();
    let select_font = move |font: &Font, fonts: &mut Arc<Database>| {
        let chosen = font.families().iter().find_map(|family| match family {
            FontFamily::Named(name) => name.strip_prefix(CHOSEN)?.parse::<usize>().ok(),
            _ => None,
        });
        match chosen {
            Some(index) => fonts.faces().nth(index).map(|face| face.id),
            None => usual(font, fonts),
        }
    };
    Options {
        fontdb: database(),
        font_family: "Inter".to_owned(),
        font_resolver: FontResolver { select_font: Box::new(select_font), select_fallback: Box::new(|_, _, _| None) },
        resources_dir: None,
        ..Options::default()
    }
}

/// Reads a graphic. None where it is no SVG, and where usvg gives up on a stranger's text: it panics
/// over some mixtures of fonts (0.49, `text/layout.rs`), which must cost that text and nothing else.
pub(crate) fn tree(svg: &str) -> Option<Tree> {
    let read = quietly(|| Tree::from_str(svg, &options()));
    match read {
        Ok(Ok(tree)) => Some(tree),
        Ok(Err(error)) => {
            tracing::error!(%error, "a graphic could not be read");
            None
        }
        Err(_) => {
            tracing::warn!("a text could not be laid out");
            None
        }
    }
}

/// Does `work`; where it panics, nothing is written but what the caller writes about it.
fn quietly<T>(work: impl FnOnce() -> T + UnwindSafe) -> std::thread::Result<T> {
    thread_local! {
        static IS_QUIET: Cell<bool> = const { Cell::new(false) };
    }
    static HOOK: Once = Once::new();
    // Everybody else's panics go where they went before.
    HOOK.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            if !IS_QUIET.get() {
                usual(panic);
            }
        }));
    });
    IS_QUIET.set(true);
    let done = catch_unwind(work);
    IS_QUIET.set(false);
    done
}

/// Loaded once; reading the system's list takes some milliseconds.
fn database() -> Arc<Database> {
    static FONTS: OnceLock<Arc<Database>> = OnceLock::new();
    let load = || {
        let mut fonts = Database::new();
        for font in BUNDLED {
            fonts.load_font_data(font.to_vec());
        }
        fonts.load_system_fonts();
        fonts.set_serif_family("Inter");
        fonts.set_sans_serif_family("Inter");
        Arc::new(fonts)
    };
    Arc::clone(FONTS.get_or_init(load))
}

/// The best face for a character, and for its coloured form.
type Known = HashMap<(char, bool), Option<usize>>;

/// The family that shows `grapheme` best; none where Inter does, or where no font has it.
pub(crate) fn face_for(grapheme: &str) -> Option<String> {
    static KNOWN: OnceLock<Mutex<Known>> = OnceLock::new();
    let base = grapheme.chars().next()?;
    let emoji = is_emoji(base) || grapheme.contains('\u{FE0F}');
    if base.is_ascii() && !emoji {
        return None;
    }
    let mut known = KNOWN.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if known.len() >= REMEMBERED {
        known.clear();
    }
    let index = *known.entry((base, emoji)).or_insert_with(|| best_face(base, emoji, &database()));
    // The first faces are Inter's own.
    index.filter(|index| *index >= BUNDLED.len()).map(|index| format!("{CHOSEN}{index}"))
}

/// The number of the best face for `character`.
fn best_face(character: char, emoji: bool, fonts: &Database) -> Option<usize> {
    let fitting = fonts.faces().enumerate().filter(|(_, face)| has(fonts, face.id, character));
    fitting.min_by_key(|(_, face)| unsuitability(face, emoji)).map(|(index, _)| index)
}

fn has(fonts: &Database, font: ID, character: char) -> bool {
    let look = |data: &[u8], index: u32| {
        let face = FontRef::from_index(data, index).ok();
        face.is_some_and(|face| face.charmap().map(character).is_some())
    };
    fonts.with_face_data(font, look).unwrap_or(false)
}

/// The smaller, the better the face stands beside Inter Medium.
fn unsuitability(face: &FaceInfo, emoji: bool) -> u32 {
    let english = face.families.iter().find(|family| family.1 == Language::English_UnitedStates);
    let name = english.or_else(|| face.families.first()).map_or("", |family| family.0.as_str());
    let coloured = name.contains("Emoji");
    let kind = if emoji == coloured { 0 } else { 10_000 };
    let style = if face.style == Style::Normal { 0 } else { 2_000 };
    let shape = if face.monospaced || name.contains("Mono") { 3_000 } else { 0 };
    let family = match name {
        // Before all others; their order among themselves does not matter.
        _ if name.starts_with("Inter") => 0,
        _ if name.starts_with("Noto Sans") => 1_000,
        _ if name.contains("Sans") => 1_500,
        _ => 4_000,
    };
    kind + style + shape + family + u32::from(face.weight.0.abs_diff(500))
}

/// Characters that people expect in colour.
fn is_emoji(character: char) -> bool {
    matches!(character, '\u{1F000}'..='\u{1FAFF}' | '\u{2600}'..='\u{27BF}' | '\u{2B00}'..='\u{2BFF}' | '\u{231A}'..='\u{23FF}')
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// In the process that is started by the test below.
    const CHILD: &str = "ANTENNE_TEST_QUIET";

    #[test]
    fn a_panic_that_is_caught_writes_nothing_and_every_other_does() {
        if std::env::var_os(CHILD).is_some() {
            assert!(quietly(|| panic!("caught in silence")).is_err());
            assert!(catch_unwind(|| panic!("an ordinary one")).is_err());
            return;
        }
        let this = "graphics::fonts::tests::a_panic_that_is_caught_writes_nothing_and_every_other_does";
        let mut command = Command::new(std::env::current_exe().expect("it is running"));
        let done = command.args(["--exact", this, "--nocapture"]).env(CHILD, "1").output().expect("it starts");
        let written = [done.stdout, done.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert!(done.status.success(), "{written}");
        assert!(!written.contains("caught in silence"), "{written}");
        assert!(written.contains("an ordinary one"), "{written}");
    }
}
