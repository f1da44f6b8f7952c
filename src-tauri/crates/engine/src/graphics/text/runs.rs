//! A line of text in runs of one font and one direction, each laid out by itself.
//!
//! usvg shapes all of a text in one font and then replaces what others make, glyph by glyph: where two
//! fonts join a different number of characters it loses letters, or panics. A run of one font it sets
//! as it is. So the order of the runs (Unicode Standard Annex 9) and their places are made here.

use std::fmt::Write as _;

use quick_xml::escape::escape;
use unicode_bidi::{BidiInfo, Level};
use unicode_segmentation::UnicodeSegmentation;

use super::{FROM_RIGHT, Style, measure, space};
use crate::graphics::fonts;

/// Characters of one font and one direction, or the spaces between.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Run {
    face: Option<String>,
    level: Level,
    pub(super) is_space: bool,
    text: String,
}

impl Run {
    /// As SVG carries it.
    pub(super) fn markup(&self) -> String {
        let text = escape(self.text.as_str());
        // Alone, brackets and numbers would not know that they are read from the right.
        let text = if self.level.is_rtl() { format!("{}{text}{}", FROM_RIGHT.0, FROM_RIGHT.1) } else { text.into() };
        match &self.face {
            Some(face) => format!(r#"<tspan font-family="{face}">{text}</tspan>"#),
            None => text,
        }
    }

    /// How many characters; of spaces each has the same width.
    #[allow(clippy::cast_precision_loss, reason = "a line has some hundred characters")]
    pub(super) fn length(&self) -> f32 {
        self.text.chars().count() as f32
    }
}

/// The runs of a line from left to right. Spaces are runs of their own, unless all is Inter's and of one
/// direction: the space of a font of emoji is as wide as an emoji.
pub(super) fn runs(line: &str) -> Vec<Run> {
    let from_right = line.strip_prefix(FROM_RIGHT.0).and_then(|line| line.strip_suffix(FROM_RIGHT.1));
    let (line, base) = from_right.map_or((line, Level::ltr()), |line| (line, Level::rtl()));
    let levels = BidiInfo::new(line, Some(base)).levels;
    let mut parts = line.grapheme_indices(true).map(|(at, grapheme)| Run {
        face: fonts::face_for(grapheme),
        level: levels.get(at).copied().unwrap_or(base),
        is_space: grapheme == " ",
        text: grapheme.to_owned(),
    });
    let all: Vec<Run> = parts.by_ref().collect();
    let words = || all.iter().filter(|run| !run.is_space);
    if let Some(first) = words().next()
        && words().all(|run| run.face == first.face && run.level == first.level)
        && (first.face.is_none() || words().count() == all.len())
    {
        return vec![Run { is_space: false, text: line.to_owned(), ..first.clone() }];
    }
    let mut runs: Vec<Run> = Vec::new();
    for part in all {
        match runs.last_mut() {
            Some(run) if (&run.face, run.level, run.is_space) == (&part.face, part.level, part.is_space) => {
                run.text.push_str(&part.text);
            }
            _ => runs.push(part),
        }
    }
    let levels: Vec<Level> = runs.iter().map(|run| run.level).collect();
    BidiInfo::reorder_visual(&levels).into_iter().filter_map(|at| runs.get(at).cloned()).collect()
}

/// A line as SVG carries it within a text at `x`, which is its right end where `from_right`, else its left.
pub(crate) fn placed(line: &str, style: Style, x: f32, from_right: bool) -> String {
    let runs = runs(line);
    if let [run] = &runs[..] {
        return run.markup();
    }
    let widths: Vec<f32> = runs.iter().map(|run| width(run, style)).collect();
    let mut at = if from_right { x - widths.iter().sum::<f32>() } else { x };
    let mut placed = String::new();
    for (run, width) in runs.iter().zip(widths) {
        if !run.is_space {
            // Writing into a String cannot fail.
            let _ = write!(placed, r#"<tspan x="{at:.2}" text-anchor="start">{}</tspan>"#, run.markup());
        }
        at += width;
    }
    placed
}

fn width(run: &Run, style: Style) -> f32 {
    if run.is_space {
        return run.length() * space(style);
    }
    let text =
        if run.level.is_rtl() { format!("{}{}{}", FROM_RIGHT.0, run.text, FROM_RIGHT.1) } else { run.text.clone() };
    measure(&[&text], style)[0]
}
