//! Ids: one type for each thing, so that they cannot be mixed up.

use serde::{Deserialize, Serialize};
use std::fmt;
use ts_rs::TS;

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
        #[ts(export, type = "number")]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
        #[serde(try_from = "String", into = "String")]
        #[ts(export, type = "string")]
        pub struct $name(String);

        impl TryFrom<String> for $name {
            type Error = &'static str;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text).ok_or("an id has 32 lower-case hexadecimal digits")
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl $name {
            /// Takes `random` (128 bits from a cryptographic source) as the id.
            #[must_use]
            pub fn from_random(random: [u8; 16]) -> Self {
                Self(random.iter().map(|byte| format!("{byte:02x}")).collect())
            }

            /// Reads an id that was printed before: 32 lower-case hexadecimal digits, else none.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let valid = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                valid.then(|| Self(text.to_owned()))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

number_id! {
    /// A place in the order of a room's accepted messages; rises for ever within an episode.
    Seq
}
number_id! {
    /// One target that the engine shall show.
    PlanId
}
number_id! {
    /// A destination of this session, in the order in which they were added.
    DestinationId
}
number_id! {
    /// Something the operator was notified of.
    NoticeId
}
text_id! {
    /// One broadcast of a show: 128 random bits, also the address of its replay.
    EpisodeId
}
text_id! {
    /// A person in a room, as others see them. Not the token that proves it.
    ViewerId
}

text_id! {
    /// One load of a viewer's page: with it a comment's id means the same comment over any connection.
    PageId
}

/// The short name of a show in addresses: `[a-z0-9-]{1,40}`, not a reserved word.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(try_from = "String", into = "String")]
#[ts(export, type = "string")]
pub struct ShowSlug(String);

/// Why a text is no [`ShowSlug`]. The message says what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlugError {
    /// Wrong length or characters.
    Malformed,
    /// The address is used for something else.
    Reserved,
}

impl fmt::Display for SlugError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("a show's short name has 1 to 40 of the characters a-z, 0-9 and -"),
            Self::Reserved => {
                write!(
                    f,
                    "this short name is an address of the service; choose another than {}",
                    ShowSlug::RESERVED.join(", ")
                )
            }
        }
    }
}

impl std::error::Error for SlugError {}

impl ShowSlug {
    /// Addresses that no show can have.
    pub const RESERVED: [&'static str; 6] = ["replays", "healthz", "metrics", "assets", "embed", "api"];

    /// Reads a slug.
    ///
    /// # Errors
    ///
    /// [`SlugError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, SlugError> {
        let characters_fit = text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if !(1..=40).contains(&text.len()) || !characters_fit {
            return Err(SlugError::Malformed);
        }
        if Self::RESERVED.contains(&text) {
            return Err(SlugError::Reserved);
        }
        Ok(Self(text.to_owned()))
    }

    /// The slug as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ShowSlug {
    fn default() -> Self {
        Self("studio".to_owned())
    }
}

impl TryFrom<String> for ShowSlug {
    type Error = SlugError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<ShowSlug> for String {
    fn from(slug: ShowSlug) -> Self {
        slug.0
    }
}

impl fmt::Display for ShowSlug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_short_plain_and_not_an_address_of_the_service() {
        assert!(ShowSlug::parse("late-night-2").is_ok());
        for bad in ["", "Ä", "a b", "../x", &"a".repeat(41), "UPPER", "a/b", "a\0"] {
            assert_eq!(ShowSlug::parse(bad), Err(SlugError::Malformed), "{bad:?}");
        }
        for reserved in ShowSlug::RESERVED {
            assert_eq!(ShowSlug::parse(reserved), Err(SlugError::Reserved));
        }
    }

    #[test]
    fn an_episode_id_is_exactly_its_random_bits() {
        let id = EpisodeId::from_random([0xab; 16]);
        assert_eq!(EpisodeId::parse(id.as_str()), Some(id));
        for bad in ["", "AB", "../../etc/passwd", &"g".repeat(32), &"a".repeat(33)] {
            assert_eq!(EpisodeId::parse(bad), None, "{bad:?}");
            assert!(serde_json::from_value::<EpisodeId>(bad.into()).is_err(), "{bad:?}");
        }
    }
}
