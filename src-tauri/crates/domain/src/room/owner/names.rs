//! Who is called what: of names that look the same, the second gets a number.

use std::collections::{BTreeMap, VecDeque};

use crate::{PublicViewer, ViewerId, names};

/// Names that are remembered; the oldest are forgotten first, and are free again.
const REMEMBERED: usize = 32_768;

/// Everybody whose name has, or had, one look. A number is given once: who comes back has theirs, and a
/// name that somebody laid down is not free while what they said under it can be read.
#[derive(Debug, Default)]
struct Alike {
    last: u16,
    people: BTreeMap<ViewerId, u16>,
}

/// The names of an episode.
#[derive(Debug, Default)]
pub(super) struct Names {
    alike: BTreeMap<String, Alike>,
    given: VecDeque<PublicViewer>,
}

impl Names {
    pub(super) fn new(named: Vec<PublicViewer>) -> Self {
        let mut names = Self::default();
        for viewer in named {
            names.give(&viewer, viewer.n.unwrap_or(1));
        }
        names
    }

    /// The number of a viewer's name; none for the first whose name looks like that.
    pub(super) fn number(&mut self, viewer: &PublicViewer) -> Option<u16> {
        if viewer.name.is_empty() {
            return None;
        }
        let looks = names::looks(&viewer.name);
        let alike: Vec<&Alike> = looks.iter().filter_map(|look| self.alike.get(look)).collect();
        let theirs = alike.iter().filter_map(|alike| alike.people.get(&viewer.id)).min().copied();
        let next = alike.iter().map(|alike| alike.last).max().map_or(1, |last| last.saturating_add(1));
        let number = theirs.unwrap_or_else(|| {
            self.give(viewer, next);
            next
        });
        (number > 1).then_some(number)
    }

    fn give(&mut self, viewer: &PublicViewer, number: u16) {
        for look in names::looks(&viewer.name) {
            let alike = self.alike.entry(look).or_default();
            alike.last = alike.last.max(number);
            alike.people.insert(viewer.id.clone(), number);
        }
        self.given.push_back(PublicViewer { badge: None, n: (number > 1).then_some(number), ..viewer.clone() });
        if self.given.len() > REMEMBERED
            && let Some(oldest) = self.given.pop_front()
        {
            for look in names::looks(&oldest.name) {
                if let Some(alike) = self.alike.get_mut(&look) {
                    alike.people.remove(&oldest.id);
                    if alike.people.is_empty() {
                        self.alike.remove(&look);
                    }
                }
            }
        }
    }

    /// For a successor.
    pub(super) fn given(&self) -> Vec<PublicViewer> {
        self.given.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(who: u16, name: &str) -> PublicViewer {
        let mut id = [1; 16];
        id[..2].copy_from_slice(&who.to_be_bytes());
        PublicViewer { id: ViewerId::from_random(id), name: name.to_owned(), hue: 0, badge: None, n: None }
    }

    #[test]
    fn the_second_of_a_name_has_a_number_and_keeps_it() {
        let mut names = Names::default();
        let mut number = |who, name| names.number(&called(who, name));
        assert_eq!((number(1, "Ada"), number(2, "Аdа"), number(3, "ada")), (None, Some(2), Some(3)));
        assert_eq!((number(1, "ADA"), number(2, "Ada"), number(3, "Ada")), (None, Some(2), Some(3)), "they come back");
        assert_eq!((number(1, "Bob"), number(4, "Ada")), (None, Some(4)), "a name that was laid down is not free");
        assert_eq!(number(1, "Ada"), None, "and theirs again");
        let mut successor = Names::new(names.given());
        assert_eq!(successor.number(&called(3, "ada")), Some(3));
        assert_eq!((successor.number(&called(5, "B0b")), successor.number(&called(6, "ADA"))), (Some(2), Some(5)));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut names = Names::default();
        for who in 0..=u16::MAX {
            names.number(&called(who, &format!("x{who}x")));
        }
        assert!(names.given.len() <= REMEMBERED && names.alike.len() <= 2 * REMEMBERED);
        for who in 0..=u16::MAX {
            names.number(&called(who, "Ada"));
        }
        assert!(names.alike["ada"].people.len() <= REMEMBERED);
    }
}
