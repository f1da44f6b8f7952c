//! An owner and its edges over a bad network: envelopes are lost, repeated and overtake each other,
//! edges and the owner are restarted. Every number comes from one seed; it stands in a failure.
//!
//! What crosses does so as JSON, as it will between two computers.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::room::owner::{Owner, OwnerEffect, OwnerInput};
use crate::room::{Comment, CommentKey, Edge, EdgeEffect, EdgeId, EdgeInput, Epoch, Past, Place, ToEdge, ToOwner, Up};

mod world;

use world::World;

fn run(seed: u64, steps: usize) -> World {
    let mut world = World::new(seed);
    world.silence_the_first();
    for _ in 0..steps {
        world.step();
    }
    world.heal();
    world
}

#[test]
fn over_a_bad_network_every_comment_is_said_once_in_order_and_hearts_are_exact() {
    for seed in 1..=40 {
        run(seed, 1500).check();
    }
}

#[test]
fn the_simulation_does_what_it_is_for() {
    let world = run(7, 3000);
    let figures = &world.figures;
    assert!(figures.lost > 100 && figures.repeated > 100, "{figures:?}");
    assert!(figures.owners > 3 && figures.edges > 3 && figures.whole_states > 10, "{figures:?}");
    assert!(figures.answered_by_the_archive > 0, "{figures:?}");
    assert!(world.archive.len() > 100 && figures.removed > 10, "{figures:?}");
    assert!(figures.held > 0, "{figures:?}");
}
