//! Cards: a comment, a large comment and the title, laid out and rendered.

use domain::{ChatCard, TitleCard};
use unicode_segmentation::UnicodeSegmentation;

use crate::graphics::colour;
use crate::graphics::sprite::Sprite;
use crate::graphics::template::{self, Value};
use crate::graphics::text::{self, Paragraph, Style};

/// A rendered card, with the empty margin around it in which its shadow lies.
#[derive(Debug, PartialEq)]
pub(crate) struct Card {
    pub(crate) sprite: Sprite,
    /// Pixels from the sprite's edge to the card's.
    pub(crate) margin: i32,
}

impl Card {
    /// Height without margin, in pixels.
    pub(crate) fn height(&self) -> i32 {
        i32::try_from(self.sprite.height()).unwrap_or(i32::MAX) - 2 * self.margin
    }
}

/// Where things are in a card; in units of a picture 720 high.
struct Measures {
    template: &'static str,
    /// Room for the shadow.
    margin: f32,
    padding: f32,
    /// From the card's left edge to the text.
    indent: f32,
    name: Style,
    text: Style,
    lines: usize,
    line_height: f32,
    /// From the card's top to the base line of the name, and of the first line.
    name_y: f32,
    first_y: f32,
    avatar: f32,
    /// From the card's left and upper edge to the avatar.
    inset: f32,
}

const CHAT: Measures = Measures {
    template: template::CHAT_CARD,
    margin: 16.0,
    padding: 16.0,
    indent: 64.0,
    name: Style { family: "Inter", weight: 600, size: 17.0 },
    text: Style { family: "Inter", weight: 500, size: 24.0 },
    lines: 3,
    line_height: 30.0,
    name_y: 25.0,
    first_y: 53.0,
    avatar: 19.0,
    inset: 14.0,
};

const COMMENT: Measures = Measures {
    template: template::COMMENT,
    margin: 28.0,
    padding: 30.0,
    indent: 110.0,
    name: Style { family: "Inter", weight: 600, size: 22.0 },
    text: Style { family: "Inter", weight: 500, size: 36.0 },
    lines: 3,
    line_height: 45.0,
    name_y: 39.0,
    first_y: 82.0,
    avatar: 32.0,
    inset: 26.0,
};

const TITLE: Measures = Measures {
    template: template::TITLE,
    margin: 28.0,
    padding: 32.0,
    indent: 48.0,
    name: Style { family: "Inter", weight: 600, size: 20.0 },
    text: Style { family: "Inter Display", weight: 700, size: 46.0 },
    lines: 2,
    line_height: 56.0,
    name_y: 40.0,
    first_y: 91.0,
    avatar: 0.0,
    inset: 24.0,
};

/// A long comment is smaller rather than cut: sizes of the text, lines of it, and their distance.
const SMALLER: [(f32, usize, f32); 4] = [(36.0, 3, 45.0), (30.0, 5, 38.0), (25.0, 7, 32.0), (21.0, 9, 27.0)];

/// The widest chat card, comment and title, in units.
const CHAT_WIDTH: f32 = 460.0;
const COMMENT_WIDTH: f32 = 860.0;
const TITLE_WIDTH: f32 = 900.0;

/// A comment among the others.
pub(crate) fn chat(comment: &ChatCard, unit: f32) -> Option<Card> {
    render(&CHAT, &comment.name, comment.hue, &comment.text, CHAT_WIDTH, unit)
}

/// A comment, large, on a picture of `width` pixels.
pub(crate) fn comment(comment: &ChatCard, unit: f32, width: f32) -> Option<Card> {
    let widest = COMMENT_WIDTH.min(width * 0.9 / unit);
    render(&sized(&comment.text, widest), &comment.name, comment.hue, &comment.text, widest, unit)
}

/// The large comment's measures in the largest size in which all of `words` can be read.
fn sized(words: &str, widest: f32) -> Measures {
    let of = |(size, lines, line_height): (f32, usize, f32)| Measures {
        text: Style { size, ..COMMENT.text },
        lines,
        line_height,
        // The first line stays as far from the name as it looks in the largest size.
        first_y: COMMENT.first_y - (COMMENT.text.size - size) * 0.72,
        ..COMMENT
    };
    let room = widest - COMMENT.indent - COMMENT.padding;
    let fits =
        |measures: &Measures| text::wrap(words, measures.text, room, measures.lines + 1).lines.len() <= measures.lines;
    let smallest = SMALLER[SMALLER.len() - 1];
    SMALLER.into_iter().map(of).find(fits).unwrap_or_else(|| of(smallest))
}

/// The title card, on a picture of `width` pixels.
pub(crate) fn title(card: &TitleCard, unit: f32, width: f32) -> Option<Card> {
    let widest = TITLE_WIDTH.min(width * 0.9 / unit);
    // Without a name of the show there is no line for it.
    let up = if card.show.is_empty() { TITLE.first_y - 62.0 } else { 0.0 };
    let measures = Measures { first_y: TITLE.first_y - up, ..TITLE };
    render(&measures, &card.show, 0, &card.title, widest, unit)
}

fn render(measures: &Measures, name: &str, hue: u16, words: &str, widest: f32, unit: f32) -> Option<Card> {
    let room = widest - measures.indent - measures.padding;
    let name_lines = text::wrap(name, measures.name, room, 1);
    let paragraph = text::wrap(words, measures.text, room, measures.lines);
    let values = values(measures, name, hue, &name_lines, &paragraph);
    let pixmap = template::render(&template::fill(measures.template, &values), unit)?;
    #[allow(clippy::cast_possible_truncation, reason = "a few pixels")]
    let margin = (measures.margin * unit).round() as i32;
    Some(Card { sprite: Sprite::from_pixmap(&pixmap), margin })
}

fn values(
    measures: &Measures,
    name: &str,
    hue: u16,
    name_lines: &Paragraph,
    paragraph: &Paragraph,
) -> Vec<(&'static str, Value)> {
    let Measures { margin, indent, padding, .. } = *measures;
    let inner = paragraph.width.max(name_lines.width).ceil();
    let width = indent + inner + padding;
    #[allow(clippy::cast_precision_loss, reason = "at most nine lines")]
    let extra = paragraph.lines.len().saturating_sub(1) as f32 * measures.line_height;
    let height = measures.first_y + extra + measures.text.size * 0.32 + padding * 0.68;
    let side = |from_right: bool| {
        if from_right { (margin + indent + inner, "end") } else { (margin + indent, "start") }
    };
    let (text_x, anchor) = side(paragraph.from_right);
    let (name_x, name_anchor) = side(name_lines.from_right);
    let line = |index: usize| Value::from(paragraph.lines.get(index).map_or("", String::as_str));
    let y = |index: f32| Value::from(margin + measures.first_y + index * measures.line_height);
    let avatar_y = margin + measures.inset + measures.avatar;
    vec![
        ("margin", margin.into()),
        ("outerWidth", (width + 2.0 * margin).into()),
        ("outerHeight", (height + 2.0 * margin).into()),
        ("width", width.into()),
        ("height", height.into()),
        ("shadowY", (margin * 1.22).into()),
        ("lineX", (margin + 0.5).into()),
        ("lineY", (margin + 0.5).into()),
        ("lineWidth", (width - 1.0).into()),
        ("lineHeight", (height - 1.0).into()),
        ("avatarX", (margin + measures.inset + measures.avatar).into()),
        ("avatarY", avatar_y.into()),
        ("initialY", (avatar_y + measures.avatar * 0.355).into()),
        ("initial", initial(name).into()),
        ("ground", colour::ground(hue).hex().into()),
        ("ink", colour::ink(hue).hex().into()),
        ("nameColour", colour::name(hue).hex().into()),
        ("name", name_lines.lines.first().map_or("", String::as_str).into()),
        ("nameX", name_x.into()),
        ("nameY", (margin + measures.name_y).into()),
        ("nameAnchor", name_anchor.into()),
        ("textX", text_x.into()),
        ("anchor", anchor.into()),
        ("size", measures.text.size.into()),
        ("line1", line(0)),
        ("line2", line(1)),
        ("line3", line(2)),
        ("line4", line(3)),
        ("line5", line(4)),
        ("line6", line(5)),
        ("line7", line(6)),
        ("line8", line(7)),
        ("line9", line(8)),
        ("y1", y(0.0)),
        ("y2", y(1.0)),
        ("y3", y(2.0)),
        ("y4", y(3.0)),
        ("y5", y(4.0)),
        ("y6", y(5.0)),
        ("y7", y(6.0)),
        ("y8", y(7.0)),
        ("y9", y(8.0)),
        ("barX", (margin + measures.inset).into()),
        ("barY", (margin + measures.inset).into()),
        ("barHeight", (height - 2.0 * measures.inset).into()),
    ]
}

/// The first character of a name, as people see it.
fn initial(name: &str) -> String {
    let name = domain::text::clean(name);
    name.graphemes(true)
        .find(|g| g.chars().any(char::is_alphanumeric))
        .or_else(|| name.graphemes(true).next())
        .map_or_else(
            || "?".to_owned(),
            |grapheme| {
                let upper: Vec<char> = grapheme.chars().flat_map(char::to_uppercase).collect();
                // Some letters become two; one is enough.
                if grapheme.chars().count() == 1 {
                    upper.into_iter().take(1).collect()
                } else {
                    upper.into_iter().collect()
                }
            },
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_comment_is_smaller_and_not_cut() {
        let read = |words: &str| {
            let measures = sized(words, COMMENT_WIDTH);
            let room = COMMENT_WIDTH - measures.indent - measures.padding;
            (measures.text.size, text::wrap(words, measures.text, room, measures.lines).lines.join(" "))
        };
        let words = |count: usize| vec!["antenna"; count].join(" ");
        assert_eq!(read("Bonjour !"), (36.0, "Bonjour !".to_owned()));
        // 500 characters are the most that a viewer can write.
        for count in [16, 28, 45, 62] {
            let (size, shown) = read(&words(count));
            assert_eq!(shown, words(count), "{count} words at {size}");
        }
        assert!(read(&words(62)).0 < read(&words(28)).0);
        assert!(
            comment(&ChatCard { seq: domain::Seq(1), name: "Ada".into(), hue: 204, text: words(62) }, 1.0, 1280.0)
                .is_some_and(|card| card.height() < 360)
        );
    }

    #[test]
    fn an_initial_is_one_character_as_people_see_it() {
        for (name, expected) in
            [("ada", "A"), ("Ödön", "Ö"), ("ßeta", "S"), ("", "?"), ("!!", "!"), ("★ bob", "B"), ("李", "李")]
        {
            assert_eq!(initial(name), expected);
        }
    }
}
