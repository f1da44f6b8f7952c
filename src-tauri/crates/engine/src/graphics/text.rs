//! Strangers' text, laid out as text: measured, wrapped, cut with an ellipsis, escaped.

mod runs;

use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use icu_segmenter::LineSegmenter;
use icu_segmenter::options::LineBreakOptions;
use resvg::usvg::Node;
use unicode_bidi::{Direction, get_base_direction};
use unicode_segmentation::UnicodeSegmentation;

use crate::graphics::fonts;
pub(crate) use runs::placed;
use runs::runs;

/// How a text looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Style {
    pub(crate) family: &'static str,
    pub(crate) weight: u16,
    pub(crate) size: f32,
}

/// A text in lines.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Paragraph {
    /// From top to bottom; not escaped.
    pub(crate) lines: Vec<String>,
    /// The width of the widest line.
    pub(crate) width: f32,
    /// Whether it is read from the right.
    pub(crate) from_right: bool,
}

/// No text is read further than this: the rest would be cut anyway.
const CHARACTERS: usize = 600;
const ELLIPSIS: char = '…';
/// Together they make a line read from the right even if it begins with a Latin word.
const FROM_RIGHT: (char, char) = ('\u{202B}', '\u{202C}');

/// `text` in at most `lines` lines of at most `width`, with an ellipsis where it is cut.
pub(crate) fn wrap(text: &str, style: Style, width: f32, lines: usize) -> Paragraph {
    let text: String = domain::text::clean(text).chars().take(CHARACTERS).collect();
    let text = can_be_laid_out(text, style);
    let mut pieces = pieces(&text);
    let mut widths = measure(&pieces.iter().map(|piece| piece.text.as_str()).collect::<Vec<_>>(), style);
    split_wide(&mut pieces, &mut widths, style, width);
    let from_right = reads_from_right(&text);
    let mut made = fill(&pieces, &widths, width, lines.max(1), style);
    let mut exact = measure(&made.iter().map(String::as_str).collect::<Vec<_>>(), style);
    // Shaping may join what was measured alone: the last line is the one that may be cut further.
    while let (Some(last), Some(measured)) = (made.last_mut(), exact.last_mut()) {
        if *measured <= width || last.chars().count() < 3 {
            break;
        }
        cut(last);
        *measured = measure(&[last.as_str()], style)[0];
    }
    if from_right {
        made.iter_mut().for_each(|line| *line = format!("{}{line}{}", FROM_RIGHT.0, FROM_RIGHT.1));
    }
    Paragraph { lines: made, width: exact.into_iter().fold(0.0, f32::max).min(width), from_right }
}

/// `text`, simpler where it is of a kind that cannot be laid out: emoji without what joins them, and
/// at last only what Inter has.
fn can_be_laid_out(text: String, style: Style) -> String {
    let fine = |text: &str| layout(&[text], style).is_some();
    if fine(&text) {
        return text;
    }
    let firsts: String = text.graphemes(true).filter_map(|grapheme| grapheme.chars().next()).collect();
    if fine(&firsts) {
        return firsts;
    }
    text.graphemes(true).filter(|grapheme| fonts::face_for(grapheme).is_none()).collect()
}

/// Something that is not broken, and whether a space stands before it.
struct Piece {
    text: String,
    spaced: bool,
}

/// The parts of `text` between the places where a line may break (Unicode Standard Annex 14; Thai,
/// Lao, Khmer and Burmese, which write words without spaces, by ICU's dictionaries).
fn pieces(text: &str) -> Vec<Piece> {
    let breaks: Vec<usize> = LineSegmenter::new_dictionary(LineBreakOptions::default()).segment_str(text).collect();
    let mut pieces = Vec::new();
    let mut spaced = true;
    for segment in breaks.windows(2).filter_map(|ends| text.get(ends[0]..ends[1])) {
        let word = segment.trim_end_matches(' ');
        if !word.is_empty() {
            pieces.push(Piece { text: word.to_owned(), spaced });
        }
        spaced = word.len() < segment.len();
    }
    pieces
}

/// A piece wider than a line is cut between what people see as characters.
fn split_wide(pieces: &mut Vec<Piece>, widths: &mut Vec<f32>, style: Style, limit: f32) {
    if widths.iter().all(|width| *width <= limit) {
        return;
    }
    let (mut split, mut measured) = (Vec::new(), Vec::new());
    for (piece, width) in pieces.drain(..).zip(widths.drain(..)) {
        if width <= limit {
            split.push(piece);
            measured.push(width);
            continue;
        }
        let graphemes: Vec<&str> = piece.text.graphemes(true).collect();
        let parts = measure(&graphemes, style);
        for (index, (grapheme, part)) in graphemes.iter().zip(parts).enumerate() {
            split.push(Piece { text: (*grapheme).to_owned(), spaced: piece.spaced && index == 0 });
            measured.push(part);
        }
    }
    *pieces = split;
    *widths = measured;
}

fn fill(pieces: &[Piece], widths: &[f32], limit: f32, lines: usize, style: Style) -> Vec<String> {
    let (space, ellipsis) = (space(style), measure(&[&ELLIPSIS.to_string()], style)[0]);
    let mut made: Vec<(String, f32)> = vec![(String::new(), 0.0)];
    for (index, (piece, width)) in pieces.iter().zip(widths).enumerate() {
        let count = made.len();
        let (line, used) = made.last_mut().expect("it starts with one line, and none is taken away");
        let gap = if piece.spaced && !line.is_empty() { space } else { 0.0 };
        if *used + gap + width <= limit || line.is_empty() {
            if gap > 0.0 {
                line.push(' ');
            }
            line.push_str(&piece.text);
            *used += gap + width;
        } else if count < lines {
            made.push((piece.text.clone(), *width));
        } else {
            shorten(line, &pieces[index], *used, limit - ellipsis, style);
            break;
        }
    }
    made.into_iter().map(|(line, _)| line).filter(|line| !line.is_empty()).collect()
}

/// Ends the last line with as much as fits of it and of `next`, and an ellipsis.
fn shorten(line: &mut String, next: &Piece, used: f32, room: f32, style: Style) {
    if used <= room {
        if next.spaced {
            line.push(' ');
        }
        let graphemes: Vec<&str> = next.text.graphemes(true).take(40).collect();
        let mut left = room - used;
        for (grapheme, width) in graphemes.iter().zip(measure(&graphemes, style)) {
            left -= width;
            if left < 0.0 {
                break;
            }
            line.push_str(grapheme);
        }
    } else {
        let graphemes: Vec<String> = line.graphemes(true).map(ToOwned::to_owned).collect();
        let parts = measure(&graphemes.iter().map(String::as_str).collect::<Vec<_>>(), style);
        let (mut excess, mut keep) = (used - room, graphemes.len());
        while excess > 0.0 && keep > 0 {
            keep -= 1;
            excess -= parts[keep].max(0.1);
        }
        *line = graphemes[..keep].concat();
    }
    line.truncate(line.trim_end().len());
    line.push(ELLIPSIS);
}

/// One grapheme less, with an ellipsis at the end.
fn cut(line: &mut String) {
    if line.ends_with(ELLIPSIS) {
        line.pop();
    }
    if let Some((at, _)) = line.grapheme_indices(true).next_back() {
        line.truncate(at);
    }
    line.truncate(line.trim_end().len());
    line.push(ELLIPSIS);
}

/// The width of each text. 0 for what leaves no trace, or cannot be laid out.
pub(crate) fn measure(texts: &[&str], style: Style) -> Vec<f32> {
    layout(texts, style).unwrap_or_else(|| vec![0.0; texts.len()])
}

/// The width of each text. None where one of them cannot be laid out.
fn layout(texts: &[&str], style: Style) -> Option<Vec<f32>> {
    let mut widths = vec![0.0; texts.len()];
    if texts.is_empty() {
        return Some(widths);
    }
    let Style { family, weight, size } = style;
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><g font-family="{family}" font-weight="{weight}" font-size="{size}">"#
    );
    for (index, text) in texts.iter().enumerate() {
        let runs = runs(text);
        let is_simple = runs.len() == 1;
        for run in runs {
            if run.is_space && !is_simple {
                widths[index] += run.length() * space(style);
            } else {
                // Writing into a String cannot fail.
                let _ = write!(svg, r#"<text id="t{index}" y="{size}" xml:space="preserve">{}</text>"#, run.markup());
            }
        }
    }
    svg.push_str("</g></svg>");
    let tree = fonts::tree(&svg)?;
    let mut groups = vec![tree.root()];
    while let Some(group) = groups.pop() {
        for node in group.children() {
            match node {
                Node::Group(inner) => groups.push(inner),
                Node::Text(text) => {
                    let index = text.id().strip_prefix('t').and_then(|id| id.parse::<usize>().ok());
                    if let Some(width) = index.and_then(|index| widths.get_mut(index)) {
                        *width += text.bounding_box().width();
                    }
                }
                Node::Path(_) | Node::Image(_) => {}
            }
        }
    }
    Some(widths)
}

/// The width of a space between two words. A space alone leaves no trace that could be measured.
fn space(style: Style) -> f32 {
    static KNOWN: Mutex<Vec<(Style, f32)>> = Mutex::new(Vec::new());
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, width)) = known().iter().find(|(same, _)| *same == style) {
        return *width;
    }
    let widths = measure(&["n n", "nn"], style);
    let width = widths[0] - widths[1];
    // There are as many styles as templates have.
    known().push((style, width));
    width
}

/// Whether the first character that has a direction is read from the right (Unicode Standard Annex 9, P2).
fn reads_from_right(text: &str) -> bool {
    get_base_direction(text) == Direction::Rtl
}

/// `text` as SVG carries it where its place is not known: escaped, and each character in a font that has it.
pub(crate) fn markup(text: &str) -> String {
    runs(text).iter().map(runs::Run::markup).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE: Style = Style { family: "Inter", weight: 500, size: 24.0 };

    #[test]
    fn text_wraps_between_words_and_is_cut_after_the_last_line() {
        let text =
            "The quick brown fox jumps over the lazy dog and then, because nobody minds, does it all over again twice";
        let wrapped = wrap(text, STYLE, 300.0, 3);
        assert_eq!(wrapped.lines.len(), 3);
        assert!(wrapped.lines[0].starts_with("The quick brown"), "{wrapped:?}");
        assert!(wrapped.lines[2].ends_with('…') && !wrapped.lines[2].ends_with(" …"), "{wrapped:?}");
        assert!(wrapped.width <= 300.0 && wrapped.width > 200.0);
        assert_eq!(wrap("Bonjour !", STYLE, 300.0, 3).lines, ["Bonjour !"]);
    }

    #[test]
    fn hostile_texts_stay_within_their_lines() {
        let zalgo: String = "zalgo "
            .chars()
            .flat_map(|c| std::iter::once(c).chain("\u{0301}\u{0353}".repeat(40).chars().collect::<Vec<_>>()))
            .collect();
        let texts = [
            "x".repeat(500),
            "👩‍👩‍👧‍👦".repeat(70),
            "日本語の文章には空白がありません。".repeat(20),
            "مرحبا بالعالم ".repeat(30),
            "שלום Hello עולם ".repeat(20),
            "</text><image href=\"file:///etc/passwd\"/>&amp;&#0;%s%n{}{{name}}".repeat(5),
            zalgo.repeat(20),
            "\u{202E}reversed".to_owned(),
            "ﷺ".repeat(200),
            "𒐫𒈙꧅".repeat(100),
        ];
        for text in &texts {
            let wrapped = wrap(text, STYLE, 300.0, 3);
            assert!((1..=3).contains(&wrapped.lines.len()), "{text}: {wrapped:?}");
            let widths = measure(&wrapped.lines.iter().map(String::as_str).collect::<Vec<_>>(), STYLE);
            assert!(widths.iter().all(|width| *width <= 312.0), "{widths:?} {wrapped:?}");
        }
        assert_eq!(wrap("", STYLE, 300.0, 3).lines, Vec::<String>::new());
        assert_eq!(wrap("\u{200B}", STYLE, 300.0, 3).lines, Vec::<String>::new());
    }

    #[test]
    fn mixed_scripts_lose_no_letter_and_end_nothing() {
        let alone = |text: &str| measure(&[text], STYLE)[0];
        for (text, parts) in
            [("Hello لا", ["Hello ", "لا"]), ("Grüße 👩‍👩‍👧", ["Grüße ", "👩‍👩‍👧"]), ("Salut 👩‍👩‍👧‍👦 et", ["Salut 👩‍👩‍👧‍👦", " et"])]
        {
            let (whole, sum) = (alone(text), alone(parts[0]) + alone(parts[1]));
            assert!((whole - sum).abs() < 8.0, "{text}: {whole}, its parts {sum}");
        }
        let ends = ["a", "é", "e\u{301}", "لا", "👩‍👩‍👧", "❤️", "🇫🇷", "👍🏽", "क्ष", "ﷺ", "日", "1️⃣", " ", "->", "שׁ"];
        for first in ends {
            for second in ends {
                for third in ends {
                    let wrapped = wrap(&format!("x{first} {second}{third}"), STYLE, 300.0, 2);
                    assert!(!wrapped.lines.is_empty() && wrapped.width > 0.0, "{first} {second} {third}: {wrapped:?}");
                }
            }
        }
        let wrapped = wrap("Grüße 👩‍👩‍👧 ❤️ café", STYLE, 400.0, 2);
        assert!(wrapped.lines[0].starts_with("Grüße") && wrapped.lines[0].ends_with("café"), "{wrapped:?}");
    }

    /// What usvg gave up on, or set with letters missing, is as wide as its parts are.
    #[test]
    fn mixed_scripts_are_drawn_and_not_simplified() {
        let words =
            ["Hello", "لا", "👩‍👩‍👧‍👦", "ﷺ", "שׁלום", "日本語", "सूर्य", "สวัสดี", "བོད", "e\u{301}\u{323}", "1️⃣", "🇫🇷", "(x)"];
        let alone = measure(&words, STYLE);
        for (first, one) in words.iter().zip(&alone) {
            for (second, two) in words.iter().zip(&alone) {
                let text = format!("{first} {second}");
                assert_eq!(can_be_laid_out(text.clone(), STYLE), text, "it is not made simpler");
                let (whole, sum) = (measure(&[&text], STYLE)[0], one + two + space(STYLE));
                assert!((whole - sum).abs() < 4.0, "{text}: {whole}, its parts {sum}");
                let close = format!("{first}{second}{first}");
                assert_eq!(can_be_laid_out(close.clone(), STYLE), close, "nor without a space");
            }
        }
    }

    #[test]
    fn runs_stand_in_the_order_in_which_they_are_read() {
        let order = |line: &str| {
            let places = placed(line, STYLE, 100.0, line.starts_with(FROM_RIGHT.0));
            let mut shown: Vec<(f32, String)> = places
                .split("<tspan x=\"")
                .skip(1)
                .map(|span| {
                    let (x, rest) = span.split_once('"').unwrap();
                    let word: String = rest.chars().filter(|c| c.is_alphabetic() && !c.is_ascii_lowercase()).collect();
                    (x.parse().unwrap(), word)
                })
                .collect();
            shown.sort_by(|(one, _), (other, _)| one.total_cmp(other));
            shown.into_iter().map(|(_, word)| word).collect::<Vec<_>>()
        };
        assert_eq!(order("ABC שלום XYZ"), ["ABC", "שלום", "XYZ"]);
        assert_eq!(order("\u{202B}שלום ABC עולם\u{202C}"), ["עולם", "ABC", "שלום"]);
    }

    #[test]
    fn arabic_and_hebrew_are_read_from_the_right() {
        assert!(wrap("مرحبا", STYLE, 300.0, 1).from_right);
        assert!(wrap("!!! שלום", STYLE, 300.0, 1).from_right);
        assert!(!wrap("Hello שלום", STYLE, 300.0, 1).from_right);
    }

    #[test]
    fn markup_is_text() {
        assert_eq!(markup("<b>&\"'"), "&lt;b&gt;&amp;&quot;&apos;");
    }

    #[test]
    fn lines_break_where_readers_of_the_script_expect_it() {
        let broken = |text: &str| pieces(text).into_iter().map(|piece| piece.text).collect::<Vec<_>>();
        for (text, expected) in [
            ("see https://example.org/a/b", &["see", "https://", "example.org/", "a/", "b"][..]),
            ("日本語の「は」。", &["日", "本", "語", "の", "「は」。"]),
            ("สวัสดีครับ", &["สวัสดี", "ครับ"]),
            ("e\u{301}x 👩‍👩‍👧👏", &["e\u{301}x", "👩‍👩‍👧", "👏"]),
            ("  two  words ", &["two", "words"]),
        ] {
            assert_eq!(broken(text), expected, "{text}");
        }
        let spaced: Vec<_> = pieces("well-known words").into_iter().map(|piece| piece.spaced).collect();
        assert_eq!(spaced, [true, false, true]);
    }
}
