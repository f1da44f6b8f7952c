//! Names as readers take them: which look the same, and which is the host's.

use std::collections::BTreeSet;

use unicode_security::confusable_detection::skeleton;

use crate::{PageId, PublicViewer, ViewerId, text};

/// What a host is called in the chat. Nobody else can be called so, or like it.
pub const HOST: &str = "Host";
/// What [`PublicViewer::badge`] says of the host, and of nobody else.
pub const HOST_BADGE: &str = "host";
/// The host's colour, in degrees: that of the studio.
const HOST_HUE: u16 = 262;

/// The host, as everybody sees them. Ids of viewers follow from what they cannot choose, so nobody else
/// has this one.
#[must_use]
pub fn host() -> PublicViewer {
    let id = ViewerId::from_random([0; 16]);
    PublicViewer { id, name: HOST.to_owned(), hue: HOST_HUE, badge: Some(HOST_BADGE.to_owned()), n: None }
}

/// The page of the host's own comments. Nobody else's page can be this one, so that nobody can say one of
/// them before the host does.
#[must_use]
pub fn host_page() -> PageId {
    PageId::from_random([0; 16])
}

/// What a name looks like. Two names that share one of these are taken for each other.
///
/// They are skeletons (Unicode Technical Standard 39), without blanks and what cannot be seen, and
/// without case: some characters are alike only as capitals (н and h), others only as they are (ɑ and a),
/// so there are two, mostly equal.
#[must_use]
pub fn looks(name: &str) -> BTreeSet<String> {
    let seen: String = name.chars().filter(|c| !c.is_whitespace() && !text::is_ignorable(*c)).collect();
    let capitals = |text: &str| skeleton(&text.to_uppercase()).collect::<String>().to_lowercase();
    [capitals(&seen), capitals(&skeleton(&seen).collect::<String>())].into()
}

/// Whether a name would be taken for the host's, whatever is hung about it.
#[must_use]
pub fn is_hosts(name: &str) -> bool {
    let bare = |look: String| look.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    looks(name).into_iter().map(bare).any(|look| matches!(look.as_str(), "host" | "thehost"))
}

/// The name that a viewer who writes `raw` has: cleaned; none where nothing is left, or it is the host's.
#[must_use]
pub fn of_viewer(raw: &str) -> Option<String> {
    text::clean_name(raw).filter(|name| !is_hosts(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn are_alike(one: &str, other: &str) -> bool {
        !looks(one).is_disjoint(&looks(other))
    }

    #[test]
    fn names_that_look_the_same_are_alike() {
        let twins = [
            ("Ada", "ada"),
            ("Ada", "ADA"),
            ("Ada", "Аdа"),
            ("Ada", "A\u{200B}d\u{2060}a"),
            ("Ada", "Ada\u{FE0F}"),
            ("Ada", "A d a"),
            ("Ada", "𝐀𝐝𝐚"),
            ("Ada", "Ａｄａ"),
            ("Ada", "ɑda"),
            ("Ian", "lan"),
            ("Bob", "B0b"),
            ("paypal", "раураl"),
            ("Ann", "ΑΝΝ"),
            ("Modern", "Modem"),
            ("user1", "userl"),
            ("Zoe\u{301}", "Zo\u{e9}"),
        ];
        for (one, other) in twins {
            assert!(are_alike(one, other), "{one} {other}: {:?} {:?}", looks(one), looks(other));
        }
        for (one, other) in [
            ("Ada", "Adam"),
            ("Ada", "Eda"),
            ("Anna", "Hanna"),
            ("user1", "user2"),
            ("Zoe", "Zoé"),
            ("李", "王"),
            ("🎉", "🎈"),
            ("", "a"),
        ] {
            assert!(!are_alike(one, other), "{one} {other}");
        }
    }

    #[test]
    fn nobody_passes_for_the_host() {
        let hosts = [
            "Host",
            "host",
            "HOST",
            "H0st",
            "Нost",
            "Ноѕт",
            "hοst",
            "H\u{200D}ost",
            "h o s t",
            "★ Host ★",
            "Host.",
            "[Host]",
            "Ｈｏｓｔ",
            "𝓗𝓸𝓼𝓽",
            "Hóst",
            "The Host",
            "Host ✔️",
            "ℋost",
        ];
        for name in hosts {
            assert!(is_hosts(name), "{name}: {:?}", looks(name));
        }
        for name in ["Ada", "Hostess", "Ghost", "Hans", "Host of Ghosts", "宿主", "🎉", ""] {
            assert!(!is_hosts(name), "{name}");
        }
    }
}
