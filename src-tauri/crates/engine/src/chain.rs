//! Pipelines as data: they print as a `gst-launch-1.0` line, can be compared, and then be built.

use std::fmt;

use gst::prelude::{ElementExt, ElementExtManual, GstBinExtManual, GstObjectExt, GstValueExt, ObjectExt, PadExt};

use crate::error::EngineError;

/// One element with its properties. Properties are written as `gst-launch-1.0` takes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    factory: String,
    name: Option<String>,
    properties: Vec<Property>,
}

#[derive(Clone, PartialEq, Eq)]
struct Property {
    key: String,
    value: String,
    secret: bool,
}

impl Part {
    /// An element of `factory`.
    pub(crate) fn new(factory: &str) -> Self {
        Self { factory: factory.to_owned(), name: None, properties: Vec::new() }
    }

    /// A filter that lets only `caps` pass.
    pub(crate) fn caps(caps: impl fmt::Display) -> Self {
        Self::new("capsfilter").set("caps", caps)
    }

    /// A queue of at most `buffers` that drops the oldest when it is full.
    pub(crate) fn leaky_queue(buffers: u32) -> Self {
        Self::queue(buffers).set("leaky", "downstream")
    }

    /// A queue of at most `buffers` that makes upstream wait when it is full.
    pub(crate) fn queue(buffers: u32) -> Self {
        let queue = Self::new("queue").set("max-size-buffers", buffers);
        queue.set("max-size-bytes", 0).set("max-size-time", 0).set("silent", true)
    }

    /// Gives the element a name, by which [`Built::named`] finds it.
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Sets a property.
    pub(crate) fn set(self, key: &str, value: impl fmt::Display) -> Self {
        self.with(key, value.to_string(), false)
    }

    /// Sets a property that is never printed.
    pub(crate) fn set_secret(self, key: &str, value: &str) -> Self {
        self.with(key, value.to_owned(), true)
    }

    fn with(mut self, key: &str, value: String, secret: bool) -> Self {
        self.properties.push(Property { key: key.to_owned(), value, secret });
        self
    }

    /// Makes the element.
    ///
    /// # Errors
    ///
    /// [`EngineError::MissingElement`] where the factory is not installed, [`EngineError::Build`]
    /// where a property does not exist or does not take the value.
    pub(crate) fn build(&self, pipeline: &'static str) -> Result<gst::Element, EngineError> {
        let factory = gst::ElementFactory::find(&self.factory).ok_or_else(|| EngineError::MissingElement {
            element: self.factory.clone(),
            package: crate::requirement::package_of(&self.factory),
        })?;
        let builder = factory.create();
        let builder = if let Some(name) = &self.name { builder.name(name.as_str()) } else { builder };
        let element = builder.build().map_err(|error| EngineError::build(pipeline, error))?;
        for property in &self.properties {
            let refused = || EngineError::build(pipeline, format!("{} does not take {property}", self.factory));
            let spec = element.find_property(&property.key).ok_or_else(refused)?;
            let value = gst::glib::Value::deserialize_with_pspec(&property.value, &spec).map_err(|_| refused())?;
            element.set_property_from_value(&property.key, &value);
        }
        Ok(element)
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = if self.secret { "***" } else { self.value.as_str() };
        if !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./:*".contains(&b)) {
            write!(f, "{}={value}", self.key)
        } else {
            write!(f, "{}=\"{}\"", self.key, value.replace('\\', "\\\\").replace('"', "\\\""))
        }
    }
}

impl fmt::Debug for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.factory)?;
        if let Some(name) = &self.name {
            write!(f, " name={name}")?;
        }
        self.properties.iter().try_for_each(|property| write!(f, " {property}"))
    }
}

/// Elements in a row, each linked to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chain {
    parts: Vec<Part>,
}

impl Chain {
    /// A chain that begins with `part`.
    pub(crate) fn start(part: Part) -> Self {
        Self { parts: vec![part] }
    }

    /// The chain with `part` at its end.
    pub(crate) fn then(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }

    /// Makes the elements, adds them to `bin` and links them. Where an element has no source pad
    /// yet (a demuxer, a decoder), the link follows when its first fitting pad appears.
    ///
    /// # Errors
    ///
    /// See [`Part::build`]; [`EngineError::Build`] also where two neighbours do not fit. What was
    /// added to `bin` stays there: the caller drops the whole bin.
    pub(crate) fn build(&self, bin: &gst::Bin, pipeline: &'static str) -> Result<Built, EngineError> {
        let elements: Vec<gst::Element> =
            self.parts.iter().map(|part| part.build(pipeline)).collect::<Result<_, _>>()?;
        bin.add_many(&elements).map_err(|error| EngineError::build(pipeline, error))?;
        for pair in elements.windows(2) {
            let (from, to) = (&pair[0], &pair[1]);
            if has_source_pad_later(from) {
                link_later(from, to);
            } else {
                from.link(to).map_err(|_| {
                    EngineError::build(pipeline, format!("{} does not link to {}", from.name(), to.name()))
                })?;
            }
        }
        Ok(Built { elements })
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts.iter().enumerate() {
            if index > 0 {
                f.write_str(" ! ")?;
            }
            part.fmt(f)?;
        }
        Ok(())
    }
}

fn has_source_pad_later(element: &gst::Element) -> bool {
    let sometimes = |template: &gst::PadTemplate| {
        template.direction() == gst::PadDirection::Src && template.presence() == gst::PadPresence::Sometimes
    };
    element.src_pads().is_empty() && element.pad_template_list().iter().any(sometimes)
}

fn link_later(from: &gst::Element, to: &gst::Element) {
    let to = to.downgrade();
    from.connect_pad_added(move |_, pad| {
        let Some(sink) = to.upgrade().and_then(|to| to.static_pad("sink")) else { return };
        if pad.direction() == gst::PadDirection::Src && !sink.is_linked() {
            // A pad of another kind (sound in a film) does not fit and stays unlinked.
            let _ = pad.link(&sink);
        }
    });
}

/// A chain that was built.
#[derive(Debug, Clone)]
pub(crate) struct Built {
    elements: Vec<gst::Element>,
}

impl Built {
    /// Its first element.
    pub(crate) fn first(&self) -> &gst::Element {
        self.elements.first().expect("a chain has at least the part it was started with")
    }

    /// Its last element.
    pub(crate) fn last(&self) -> &gst::Element {
        self.elements.last().expect("a chain has at least the part it was started with")
    }

    /// The element that was given this name.
    pub(crate) fn named(&self, name: &str) -> Option<&gst::Element> {
        self.elements.iter().find(|element| element.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gst::prelude::GstBinExt;

    #[test]
    fn a_chain_prints_as_a_line_for_gst_launch_without_its_secrets() {
        let chain = Chain::start(Part::new("videotestsrc").named("test").set("pattern", "ball"))
            .then(Part::leaky_queue(2))
            .then(Part::caps("video/x-raw, width=(int)320"))
            .then(Part::new("rtmp2sink").set_secret("location", "rtmp://host/app/key"));
        let line = "videotestsrc name=test pattern=ball ! queue max-size-buffers=2 max-size-bytes=0 max-size-time=0 \
                    silent=true leaky=downstream ! capsfilter caps=\"video/x-raw, width=(int)320\" ! rtmp2sink location=***";
        assert_eq!(chain.to_string(), line);
        assert!(!format!("{chain:?}").contains("app/key"));
    }

    #[test]
    fn a_property_that_does_not_exist_is_an_error_not_a_panic() {
        gst::init().unwrap();
        for part in [
            Part::new("identity").set("no-such-property", 1),
            Part::new("queue").set("max-size-buffers", "many"),
            Part::new("no-such-element"),
        ] {
            assert!(part.build("test").is_err(), "{part}");
        }
    }

    #[test]
    fn a_chain_links_through_pads_that_appear_later() {
        gst::init().unwrap();
        let bin = gst::Bin::new();
        let chain = Chain::start(Part::new("videotestsrc").set("num-buffers", 1))
            .then(Part::new("parsebin"))
            .then(Part::new("fakesink").named("end"));
        let built = chain.build(&bin, "test").unwrap();
        assert!(built.named("end").is_some());
        assert_eq!(built.first().name(), bin.by_name(&built.first().name()).unwrap().name());
    }
}
