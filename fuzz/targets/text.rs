//! What strangers write is made safe once, and stays as it is from then on.
#![no_main]

use domain::room::limits::NAME_CHARACTERS;
use domain::text::{clean, clean_name};

libfuzzer_sys::fuzz_target!(|raw: &str| {
    let cleaned = clean(raw);
    assert_eq!(clean(&cleaned), cleaned, "cleaning twice is cleaning once");
    assert!(cleaned.chars().count() <= raw.chars().count(), "cleaning never adds");
    assert_safe(&cleaned);
    match clean_name(raw) {
        Some(name) => {
            assert_eq!(clean_name(&name).as_deref(), Some(name.as_str()), "a name stays a name");
            assert!(name.chars().count() <= NAME_CHARACTERS);
            assert!(can_be_seen(&name), "{name:?} cannot be seen");
            assert_safe(&name);
        }
        // Forty characters that cannot be seen, and words behind them, are no name either.
        None => assert!(!cleaned.chars().take(NAME_CHARACTERS).any(|c| c.is_ascii_alphanumeric())),
    }
});

fn assert_safe(text: &str) {
    assert!(!text.chars().any(|c| c.is_control() || overrides_direction(c)), "{text:?}");
    assert!(!text.starts_with(' ') && !text.ends_with(' ') && !text.contains("  "), "{text:?}");
    assert!(text.chars().all(|c| c == ' ' || !c.is_whitespace()), "{text:?}");
    assert!(text.is_empty() || can_be_seen(text), "{text:?} cannot be seen");
    assert!(highest_pile(text) <= 4, "{text:?} has a pile of marks");
}

/// U+061C and the embeddings, overrides, isolates and marks of UAX #9.
fn overrides_direction(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn can_be_seen(text: &str) -> bool {
    text.chars().any(|c| c != ' ' && !is_ignorable(c) && !is_mark(c))
}

/// The most diacritical marks on one base. Joiners between them start no new base (Unicode, D56).
fn highest_pile(text: &str) -> usize {
    let (mut pile, mut highest) = (0, 0);
    for c in text.chars().filter(|c| !is_ignorable(*c)) {
        pile = if is_mark(c) { pile + 1 } else { 0 };
        highest = highest.max(pile);
    }
    highest
}

/// Marks of the kinds that people were seen to pile up, a deliberate part of all.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{034E}' | '\u{0350}'..='\u{036F}' | '\u{1AB0}'..='\u{1AFF}'
        | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20F0}' | '\u{FE20}'..='\u{FE2F}' | '\u{0670}' | '\u{08D4}'..='\u{08E1}'
        | '\u{0EC8}'..='\u{0ECD}' | '\u{0F71}'..='\u{0F84}' | '\u{1CD0}'..='\u{1CD2}' | '\u{2DE0}'..='\u{2DFF}'
        | '\u{3099}'..='\u{309A}' | '\u{A66F}'..='\u{A672}' | '\u{0903}')
}

/// `Default_Ignorable_Code_Point` of the Unicode Character Database: nothing is drawn for these.
fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}'
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}
