//! What strangers write, made safe to keep and to draw: text, bounded, never markup.
//!
//! What a character is follows from Unicode's own data, not from lists of blocks kept by hand.

use icu_properties::props::{DefaultIgnorableCodePoint, ExtendedPictographic, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

use crate::room::limits::{COMMENT_CHARACTERS, NAME_CHARACTERS};

/// How many combining marks may sit on one base.
const MARKS_ON_A_BASE: usize = 4;

/// `raw` without controls, direction overrides and characters that nobody can have a picture of, with
/// white space folded and at most four combining marks (general categories Mn, Me, Mc) on a base;
/// trimmed. Empty where nothing in it can be seen. It is not shortened, and cleaning twice is cleaning
/// once.
#[must_use]
pub fn clean(raw: &str) -> String {
    let mut cleaned = String::with_capacity(raw.len().min(4 * COMMENT_CHARACTERS));
    let mut marks = 0;
    for character in raw.chars() {
        let character = if character.is_whitespace() { ' ' } else { character };
        let is_second_blank = character == ' ' && (cleaned.is_empty() || cleaned.ends_with(' '));
        if is_second_blank || is_forbidden(character) || (is_tag(character) && !takes_tags(&cleaned)) {
            continue;
        }
        // A joiner between marks begins no new base (Unicode §3.6, D56).
        marks = match character {
            mark if is_mark(mark) => marks + 1,
            joiner if is_ignorable(joiner) => marks,
            _ => 0,
        };
        if !is_mark(character) || marks <= MARKS_ON_A_BASE {
            cleaned.push(character);
        }
    }
    cleaned.truncate(cleaned.trim_end().len());
    if cleaned.chars().any(is_visible) { cleaned } else { String::new() }
}

/// The name that `raw` amounts to: cleaned, at most 40 characters; none if nothing is left.
#[must_use]
pub fn clean_name(raw: &str) -> Option<String> {
    let cleaned: String = clean(raw).chars().take(NAME_CHARACTERS).collect();
    let name = cleaned.trim_end();
    // What could be seen may have been behind the fortieth character.
    name.chars().any(is_visible).then(|| name.to_owned())
}

/// Whether a reader sees something where this character stands alone.
pub(crate) fn is_visible(character: char) -> bool {
    let is_drawn = match category(character) {
        // Marks need something to sit on; the others have no picture of their own.
        GeneralCategory::NonspacingMark
        | GeneralCategory::EnclosingMark
        | GeneralCategory::SpacingMark
        | GeneralCategory::Format
        | GeneralCategory::SpaceSeparator
        | GeneralCategory::LineSeparator
        | GeneralCategory::ParagraphSeparator => false,
        _ => !is_forbidden(character),
    };
    is_drawn && !is_ignorable(character) && !is_blank(character)
}

/// Nothing is drawn for these (Unicode's `Default_Ignorable_Code_Point`): joiners, selectors, fillers and
/// tags, needed inside emoji and scripts.
pub(crate) fn is_ignorable(character: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
}

fn category(character: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(character)
}

fn is_mark(character: char) -> bool {
    use GeneralCategory::{EnclosingMark, NonspacingMark, SpacingMark};
    // Most of what is written needs no table.
    character >= '\u{300}' && matches!(category(character), NonspacingMark | EnclosingMark | SpacingMark)
}

/// Controls, directions that would reach beyond the text, and what stands for no character: private use,
/// and what is not assigned, but for what is kept free for emoji, which other devices may know already.
fn is_forbidden(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    let is_kept_for_emoji = || CodePointSetData::new::<ExtendedPictographic>().contains(character);
    match category(character) {
        GeneralCategory::Control | GeneralCategory::PrivateUse | GeneralCategory::Surrogate => true,
        GeneralCategory::Unassigned => !is_kept_for_emoji() && !is_ignorable(character),
        _ => matches!(character,
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}'
            | '\u{FFF9}'..='\u{FFFD}' | '\u{FEFF}'),
    }
}

/// Tags (as in the flags of England, Scotland and Wales) say something behind an emoji only.
fn is_tag(character: char) -> bool {
    matches!(character, '\u{E0000}'..='\u{E007F}')
}

fn takes_tags(text: &str) -> bool {
    let is_pictographic = |character| CodePointSetData::new::<ExtendedPictographic>().contains(character);
    text.chars().next_back().is_some_and(|last| is_tag(last) || last == '\u{FE0F}' || is_pictographic(last))
}

/// Characters of their own right whose picture is empty.
fn is_blank(character: char) -> bool {
    // Braille without a dot, the note without a head, and two blanks among the hieroglyphs.
    matches!(character, '\u{2800}' | '\u{1D159}' | '\u{13441}' | '\u{13442}')
}

#[cfg(test)]
mod tests;
