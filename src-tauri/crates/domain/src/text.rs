//! What strangers write, made safe to keep and to draw: text, bounded, never markup.

use crate::room::limits::{COMMENT_CHARACTERS, NAME_CHARACTERS};

/// How many combining marks may sit on one base.
const MARKS_ON_A_BASE: usize = 4;

/// `raw` without control and bidirectional override characters, with white space folded and at
/// most four combining marks on a base; trimmed. It may be empty; it is not shortened.
#[must_use]
pub fn clean(raw: &str) -> String {
    let mut cleaned = String::with_capacity(raw.len().min(4 * COMMENT_CHARACTERS));
    let mut marks = 0;
    for character in raw.chars() {
        let character = if character.is_whitespace() { ' ' } else { character };
        if is_forbidden(character) || (character == ' ' && (cleaned.is_empty() || cleaned.ends_with(' '))) {
            continue;
        }
        // A joiner between marks begins no new base (Unicode §3.6, D56).
        marks = match character {
            mark if is_combining(mark) => marks + 1,
            joiner if is_invisible(joiner) => marks,
            _ => 0,
        };
        if !is_combining(character) || marks <= MARKS_ON_A_BASE {
            cleaned.push(character);
        }
    }
    cleaned.truncate(cleaned.trim_end().len());
    if is_nothing(&cleaned) { String::new() } else { cleaned }
}

/// The name that `raw` amounts to: cleaned, at most 40 characters; none if nothing is left.
#[must_use]
pub fn clean_name(raw: &str) -> Option<String> {
    let cleaned: String = clean(raw).chars().take(NAME_CHARACTERS).collect();
    let name = cleaned.trim_end();
    // What could be seen may have been behind the fortieth character.
    (!is_nothing(name)).then(|| name.to_owned())
}

/// Joiners, selectors and marks alone are nothing that could be read.
fn is_nothing(text: &str) -> bool {
    text.chars().all(|c| is_combining(c) || is_invisible(c) || c == ' ')
}

fn is_forbidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}')
        || matches!(character, '\u{FFF9}'..='\u{FFFF}' | '\u{E000}'..='\u{F8FF}' | '\u{FEFF}' | '\u{2028}' | '\u{2029}')
}

/// Joiners, fillers and tags that nothing is drawn for (Unicode's `Default_Ignorable_Code_Point`, as
/// far as it is neither forbidden nor combining): needed inside emoji and scripts, invisible alone.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{00AD}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{2065}' | '\u{206A}'..='\u{206F}' | '\u{3164}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// The blocks of combining marks that people pile up, and variation selectors.
fn is_combining(character: char) -> bool {
    matches!(character,
        '\u{0300}'..='\u{036F}' | '\u{0483}'..='\u{0489}' | '\u{0591}'..='\u{05BD}' | '\u{0610}'..='\u{061A}'
        | '\u{064B}'..='\u{065F}' | '\u{06D6}'..='\u{06DC}' | '\u{0E31}' | '\u{0E34}'..='\u{0E3A}' | '\u{0E47}'..='\u{0E4E}'
        | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' | '\u{FE00}'..='\u{FE0F}' | '\u{FE20}'..='\u{FE2F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_and_direction_overrides_disappear() {
        assert_eq!(clean("a\u{0}b\u{202E}c\u{2066}d\u{7}"), "abcd");
        assert_eq!(clean("  two\n\n words\t"), "two words");
    }

    #[test]
    fn a_pile_of_marks_is_cut_to_four() {
        let zalgo = format!("e{}", "\u{0301}".repeat(60));
        assert_eq!(clean(&zalgo).chars().count(), 5);
        let joined = format!("e{}", "\u{0301}\u{200D}".repeat(60));
        assert_eq!(clean(&joined).matches('\u{0301}').count(), 4, "a joiner begins no new base");
    }

    #[test]
    fn what_cannot_be_seen_is_nothing() {
        for nothing in ["", " ", "\u{200B}", "\u{200D}\u{FE0F}", "\u{3164}", "\u{202E}", "\u{206E}", "\u{E0041}"] {
            assert_eq!(clean(nothing), "", "{nothing:?}");
            assert_eq!(clean_name(nothing), None);
        }
        assert_eq!(clean_name(&format!("{}Ada", "\u{200D}".repeat(NAME_CHARACTERS))), None);
    }

    #[test]
    fn scripts_and_emoji_survive() {
        for text in ["Bonjour !", "مرحبا بالعالم", "日本語", "👩‍👩‍👧‍👦 ❤️", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "नमस्ते", "שָׁלוֹם"]
        {
            assert_eq!(clean(text), text);
        }
    }

    #[test]
    fn a_name_is_short() {
        assert_eq!(clean_name(&"x".repeat(100)).map(|name| name.len()), Some(40));
    }
}
