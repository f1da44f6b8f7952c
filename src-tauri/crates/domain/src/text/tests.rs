use super::*;

/// One of each kind of combining mark that people were seen to pile up, and more.
const MARKS: [char; 22] = [
    '\u{0301}',
    '\u{0353}',
    '\u{0489}',
    '\u{0591}',
    '\u{0610}',
    '\u{0670}',
    '\u{06DF}',
    '\u{08D4}',
    '\u{0903}',
    '\u{0E38}',
    '\u{0EC8}',
    '\u{0F74}',
    '\u{0F9F}',
    '\u{1AB0}',
    '\u{1CD0}',
    '\u{1DC0}',
    '\u{20DD}',
    '\u{2DE0}',
    '\u{3099}',
    '\u{A670}',
    '\u{FE20}',
    '\u{1E8D0}',
];

#[test]
fn controls_and_direction_overrides_disappear() {
    assert_eq!(clean("a\u{0}b\u{202E}c\u{2066}d\u{7}\u{85}"), "abcd");
    assert_eq!(clean("  two\n\n words\t"), "two words");
}

#[test]
fn a_pile_of_any_kind_of_mark_is_cut_to_four() {
    for mark in MARKS {
        let pile: String = std::iter::once('e').chain(std::iter::repeat_n(mark, 60)).collect();
        assert_eq!(clean(&pile).chars().count(), 5, "U+{:04X}", u32::from(mark));
        let joined = format!("e{}", format!("{mark}\u{200D}").repeat(60));
        assert_eq!(clean(&joined).matches(mark).count(), 4, "U+{:04X}: a joiner begins no new base", u32::from(mark));
    }
    let mixed: String = std::iter::once('e').chain(MARKS).collect();
    assert_eq!(clean(&mixed).chars().count(), 5, "of every kind together");
}

#[test]
fn what_cannot_be_seen_is_nothing() {
    let nothings = [
        "",
        " ",
        "\u{200B}",
        "\u{200D}\u{FE0F}",
        "\u{3164}",
        "\u{202E}",
        "\u{206E}",
        "\u{E0041}",
        "\u{2800}\u{2800}",
        "\u{F0000}",
        "\u{10FFFD}",
        "\u{E000}",
        "\u{0378}",
        "\u{1D159}",
        "\u{0600}",
        "\u{13430}",
        "\u{13441}",
        "\u{301}\u{301}",
        "\u{0903}",
        "\u{180E}",
        "\u{115F}",
        "\u{FFA0}",
        "\u{2028}",
        "\u{FFFC}",
        "\u{1D173}",
        "\u{E0100}",
        "\u{2800} \u{0600}\u{301}\u{200B}",
        "\u{FDD0}",
        "\u{10FFFF}",
    ];
    for nothing in nothings {
        assert_eq!(clean(nothing), "", "{nothing:?}");
        assert_eq!(clean_name(nothing), None, "{nothing:?}");
    }
    assert_eq!(clean_name(&format!("{}Ada", "\u{200D}".repeat(NAME_CHARACTERS))), None);
}

#[test]
fn words_and_emoji_survive_as_they_were_written() {
    let texts = [
        "Bonjour !",
        "日本語",
        "がぎぐげご",
        "ｶﾞ",
        "नमस्ते",
        "क्षत्रिय",
        "हिन्दी में",
        "வணக்கம்",
        "ཨོཾ་མ་ཎི་པདྨེ་ཧཱུྃ",
        "བསྒྲུབས་པ",
        "สวัสดีครับ",
        "ที่นี่น้ำ",
        "مَرْحَبًا",
        "ٱلرَّحْمَٰنِ",
        "مرحبا بالعالم",
        "שָׁלוֹם",
        "בְּרֵאשִׁ֖ית",
        "ສະບາຍດີ",
        "Tiếng Việt",
        "e\u{301}\u{323}",
        "👩‍👩‍👧‍👦 ❤️",
        "1️⃣ #️⃣",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
        "🏴󠁧󠁢󠁷󠁬󠁳󠁿",
        "🇫🇷",
        "👍🏽",
        "🏳️‍🌈",
        "🏴‍☠️",
        "⠓⠊",
        "𓀀",
        "ⵣ",
    ];
    for text in texts {
        assert_eq!(clean(text), text);
    }
}

#[test]
fn tags_without_an_emoji_say_nothing_and_go() {
    assert_eq!(clean("a\u{E0067}\u{E0062}b"), "ab");
    assert_eq!(clean("\u{E0001}\u{E0065}hi"), "hi");
}

#[test]
fn a_name_is_short() {
    assert_eq!(clean_name(&"x".repeat(100)).map(|name| name.len()), Some(40));
}

/// From a fixed seed: any mixture of what is dangerous.
#[test]
fn cleaning_twice_is_cleaning_once_and_never_adds() {
    let mut chance = fastrand::Rng::with_seed(8);
    let odd = [
        '\u{200D}',
        '\u{FE0F}',
        '\u{E0067}',
        '\u{E007F}',
        '\u{2800}',
        '\u{0378}',
        '\u{202E}',
        ' ',
        '\n',
        'a',
        '🏴',
        '👩',
    ];
    for round in 0..20_000 {
        let pick = |chance: &mut fastrand::Rng| match chance.u8(0..4) {
            0 => MARKS[chance.usize(0..MARKS.len())],
            1 | 2 => odd[chance.usize(0..odd.len())],
            _ => chance.char(..),
        };
        let length = chance.usize(0..24);
        let raw: String = (0..length).map(|_| pick(&mut chance)).collect();
        let cleaned = clean(&raw);
        assert_eq!(clean(&cleaned), cleaned, "round {round}: {raw:?}");
        assert!(cleaned.chars().count() <= raw.chars().count() && cleaned.len() <= raw.len(), "{raw:?}");
        assert!(cleaned.is_empty() || cleaned.chars().any(is_visible), "{raw:?}");
        let name = clean_name(&raw);
        assert_eq!(name.as_deref().and_then(clean_name), name, "round {round}: {raw:?}");
        let mut pile = 0;
        for character in cleaned.chars().filter(|c| is_mark(*c) || !is_ignorable(*c)) {
            pile = if is_mark(character) { pile + 1 } else { 0 };
            assert!(pile <= MARKS_ON_A_BASE, "{raw:?}");
        }
    }
}
