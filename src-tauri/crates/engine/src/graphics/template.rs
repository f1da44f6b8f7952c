//! The SVG templates of `assets/graphics`, filled with numbers and escaped text, and rendered.

use resvg::tiny_skia::{Pixmap, Transform};

use crate::graphics::{fonts, text};

macro_rules! template {
    ($file:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../assets/graphics/", $file))
    };
}

pub(crate) const CHAT_CARD: &str = template!("chat-card.svg");
pub(crate) const COMMENT: &str = template!("comment.svg");
pub(crate) const TITLE: &str = template!("title.svg");
pub(crate) const HEART: &str = template!("heart.svg");
pub(crate) const SLATE: &str = template!("slate.svg");

/// What stands in a template's `{{name}}`.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// A length in the template's units.
    Number(f32),
    /// Text; it is escaped, and set in fonts that have its characters.
    Text(String),
    /// A line of strangers' text: what it is made of stands where it belongs.
    Placed(String),
}

impl From<f32> for Value {
    fn from(number: f32) -> Self {
        Self::Number(number)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Fills `template`. What a value holds is never looked through for further names.
pub(crate) fn fill(template: &str, values: &[(&str, Value)]) -> String {
    let mut filled = String::with_capacity(template.len() + 512);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        match values.iter().find(|(known, _)| *known == name) {
            Some((_, Value::Number(number))) => filled.push_str(&format!("{number:.2}")),
            Some((_, Value::Text(text))) => filled.push_str(&text::markup(text)),
            Some((_, Value::Placed(markup))) => filled.push_str(markup),
            None => tracing::error!(name, "a graphic's template asks for a value that does not exist"),
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// Renders `svg` at `scale` pixels a unit. None where it cannot be read or has no size.
pub(crate) fn render(svg: &str, scale: f32) -> Option<Pixmap> {
    let tree = fonts::tree(svg)?;
    let size = tree.size();
    let mut pixmap = Pixmap::new(pixels(size.width() * scale), pixels(size.height() * scale))?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    Some(pixmap)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
fn pixels(length: f32) -> u32 {
    length.ceil().clamp(1.0, 8192.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_escaped_and_not_filled_again() {
        let values = [("name", Value::from("<{{size}}>")), ("size", Value::from(1.5))];
        assert_eq!(fill("<a b=\"{{size}}\">{{name}}</a>", &values), "<a b=\"1.50\">&lt;{{size}}&gt;</a>");
    }
}
