//! The fonts of the graphics: Inter comes with Antenne, other scripts and emoji from the system.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use resvg::usvg::fontdb::{Database, FaceInfo, ID, Language, Style};
use resvg::usvg::{FontResolver, Options};
use skrifa::{FontRef, MetadataProvider};

macro_rules! font {
    ($file:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../assets/fonts/", $file)).as_slice()
    };
}

const BUNDLED: [&[u8]; 3] = [font!("Inter-Medium.otf"), font!("Inter-SemiBold.otf"), font!("InterDisplay-Bold.otf")];

/// So many characters' fonts are remembered; strangers must not make this grow for ever.
const REMEMBERED: usize = 4096;
/// So many fonts are kept for a character: a font that says that it has a character may still
/// lack it in combination.
const CANDIDATES: usize = 4;

/// How SVG is read: with these fonts, and never anything from outside the text itself.
pub(crate) fn options() -> Options<'static> {
    Options {
        fontdb: database(),
        font_family: "Inter".to_owned(),
        font_resolver: FontResolver {
            select_font: FontResolver::default_font_selector(),
            select_fallback: Box::new(|character, used, database| fallback(character, used, database)),
        },
        resources_dir: None,
        ..Options::default()
    }
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

fn fallback(character: char, used: &[ID], fonts: &Database) -> Option<ID> {
    static KNOWN: OnceLock<Mutex<HashMap<char, Vec<ID>>>> = OnceLock::new();
    let mut known = KNOWN.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if known.len() >= REMEMBERED {
        known.clear();
    }
    let candidates = known.entry(character).or_insert_with(|| candidates(character, fonts));
    candidates.iter().find(|id| !used.contains(id)).copied()
}

/// The best fonts for `character`, best first.
fn candidates(character: char, fonts: &Database) -> Vec<ID> {
    let emoji = is_emoji(character);
    let mut fitting: Vec<(u32, ID)> = fonts
        .faces()
        .filter(|face| has(fonts, face.id, character))
        .map(|face| (unsuitability(face, emoji), face.id))
        .collect();
    fitting.sort_by_key(|(unsuitability, _)| *unsuitability);
    fitting.into_iter().take(CANDIDATES).map(|(_, id)| id).collect()
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
