use super::*;

mod check;

const EDGES: u32 = 3;
const PEOPLE: u8 = 6;
/// So short that edges which were away need the whole state.
const LOG: usize = 12;

#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) lost: u32,
    pub(super) repeated: u32,
    pub(super) owners: u32,
    pub(super) edges: u32,
    pub(super) whole_states: u32,
    pub(super) answered_by_the_archive: u32,
    pub(super) removed: u32,
    pub(super) held: u32,
}

/// What one life of an edge sent to everybody there.
#[derive(Debug, Default)]
struct Screen {
    /// What a newcomer was shown first, then what came.
    shown: Vec<Seq>,
    is_welcomed: bool,
    removed: BTreeSet<Seq>,
    total: u64,
}

/// Somebody with a page: what they wrote, and whether they know that it was accepted.
struct Person {
    edge: u32,
    connection: ConnectionId,
    is_here: bool,
    /// Whom they come as.
    identity: u8,
    written: Vec<Option<Seq>>,
}

pub(super) struct World {
    seed: u64,
    random: fastrand::Rng,
    ms: u64,
    owner: Owner,
    epoch: u64,
    edges: Vec<Edge>,
    to_owner: Vec<(EdgeId, String)>,
    to_edges: Vec<(EdgeId, String)>,
    people: Vec<Person>,
    connections: u64,
    screens: Vec<Screen>,
    /// The archive: what is kept, and what it is asked and did not answer yet.
    pub(super) archive: BTreeMap<Seq, Comment>,
    asked: Vec<Comment>,
    removed: BTreeSet<Seq>,
    kept_hearts: u64,
    /// Taps of each word that an edge said, and how far the owner had heard each life.
    words: BTreeMap<(EdgeId, Epoch, u64), u64>,
    heard: BTreeMap<(EdgeId, Epoch), u64>,
    pub(super) figures: Figures,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let edge = |id| Edge::new(EdgeId(id), Epoch(1), World::limits());
        let person = |who: u8| Person {
            edge: u32::from(who) % EDGES,
            connection: ConnectionId(0),
            is_here: false,
            identity: who,
            written: Vec::new(),
        };
        Self {
            seed,
            random: fastrand::Rng::with_seed(seed),
            ms: 0,
            owner: Owner::with_log(Epoch(1), Past { next: Seq(1), ..Past::default() }, LOG),
            epoch: 1,
            edges: (0..EDGES).map(edge).collect(),
            to_owner: Vec::new(),
            to_edges: Vec::new(),
            people: (0..PEOPLE).map(person).collect(),
            connections: 0,
            screens: (0..EDGES).map(|_| Screen::default()).collect(),
            archive: BTreeMap::new(),
            asked: Vec::new(),
            removed: BTreeSet::new(),
            kept_hearts: 0,
            words: BTreeMap::new(),
            heard: BTreeMap::new(),
            figures: Figures::default(),
        }
    }

    fn limits() -> Limits {
        Limits { say_burst: 1000, hearts_burst: 1000, shown_a_second: 1_000_000, ..Limits::default() }
    }

    /// Before anybody has spoken, so that who shares their address is new.
    pub(super) fn silence_the_first(&mut self) {
        self.order(HostOrder::Voice { viewer: viewer(0), voice: Voice::Muted });
    }

    pub(super) fn step(&mut self) {
        self.ms += self.random.u64(0..40);
        let who = self.random.usize(0..self.people.len());
        match self.random.u32(0..100) {
            0..=11 => self.write(who),
            12..=19 => self.tap(who),
            20..=24 => self.come_back(who),
            25..=26 => self.leave(who),
            27..=29 => self.remove(),
            30 => {
                let voice = if self.random.bool() { Voice::Muted } else { Voice::Free };
                let who = self.people[who].identity;
                self.order(HostOrder::Voice { viewer: viewer(who), voice });
            }
            31 => {
                let title = self.random.u8(..).to_string();
                self.order(HostOrder::Title(title));
            }
            32..=44 => self.answer(),
            45 => self.restart_edge(),
            46 => self.restart_owner(),
            47..=49 => self.connect(),
            50..=54 => self.tick(),
            _ => (0..8).for_each(|_| self.carry(true)),
        }
    }

    /// No more losses: the lines are opened anew, and everybody comes back and says again what was
    /// not acknowledged. (Without the first, an edge may be more than the last 50 comments behind.)
    pub(super) fn heal(&mut self) {
        self.to_owner.clear();
        self.to_edges.clear();
        self.order(HostOrder::OnAir);
        for who in 0..=u8::MAX {
            self.order(HostOrder::Voice { viewer: viewer(who), voice: Voice::Free });
        }
        for round in 0..6 {
            self.ms += 2000;
            (0..EDGES).for_each(|edge| self.edge(edge, EdgeInput::Connected));
            self.settle();
            if round > 1 {
                (0..self.people.len()).for_each(|who| self.come_back(who));
            }
            self.settle();
        }
    }

    fn settle(&mut self) {
        for _ in 0..10_000 {
            self.ms += 10;
            self.tick();
            if self.to_owner.is_empty() && self.to_edges.is_empty() && self.asked.is_empty() {
                return;
            }
            (0..16).for_each(|_| self.carry(false));
            (0..4).for_each(|_| self.answer());
        }
        panic!("seed {}: it never becomes quiet", self.seed);
    }

    fn now(&self) -> Now {
        at(self.ms)
    }

    fn edge(&mut self, edge: u32, input: EdgeInput) {
        let now = self.now();
        for effect in self.edges[edge as usize].apply(now, input) {
            match effect {
                EdgeEffect::ToOwner(frame) => {
                    if let ToOwner::Word { envelope, .. } = &frame
                        && let Up::Hearts(by_hue) = &envelope.word
                    {
                        let taps = by_hue.values().map(|count| u64::from(*count)).sum();
                        self.words.insert((EdgeId(edge), envelope.epoch, envelope.n), taps);
                    }
                    self.to_owner.push((EdgeId(edge), serde_json::to_string(&frame).unwrap()));
                }
                EdgeEffect::Deliver(delivery) => self.deliver(edge, delivery),
            }
        }
    }

    fn deliver(&mut self, edge: u32, delivery: Delivery) {
        let screen = &mut self.screens[edge as usize];
        match delivery {
            Delivery::To(_, ToViewer::Welcome { backlog, hearts, .. }) if !screen.is_welcomed => {
                screen.is_welcomed = true;
                // What everybody was sent before the first came in, nobody saw.
                screen.shown = backlog.iter().map(|said| said.seq).collect();
                screen.total = hearts;
            }
            Delivery::To(connection, ToViewer::Accepted { id, seq }) => {
                let person = self.people.iter_mut().find(|person| person.connection == connection);
                let place = person.and_then(|person| person.written.get_mut(id.parse::<usize>().unwrap()));
                if let Some(place) = place {
                    assert!(place.is_none_or(|known| known == seq), "seed {}: two places", self.seed);
                    *place = Some(seq);
                }
            }
            Delivery::To(_, ToViewer::Held { .. }) => self.figures.held += 1,
            Delivery::To(..) => {}
            Delivery::ToAll(ToViewer::Said(said)) => screen.shown.push(said.seq),
            Delivery::ToAll(ToViewer::Removed { seq }) => drop(screen.removed.insert(seq)),
            Delivery::ToAll(ToViewer::Hearts { total, .. }) => screen.total = total,
            Delivery::ToAll(_) => {}
            Delivery::Dismiss(connection, bye) => panic!("seed {}: {connection:?} {bye:?}", self.seed),
        }
    }

    fn owner(&mut self, input: OwnerInput) {
        let now = self.now();
        for effect in self.owner.apply(now, input) {
            match effect {
                OwnerEffect::ToEdge(edge, frame) => {
                    self.figures.whole_states += u32::from(matches!(frame, ToEdge::State(_)));
                    self.to_edges.push((edge, serde_json::to_string(&frame).unwrap()));
                }
                OwnerEffect::Errand(Errand::Store(comment)) => self.asked.push(comment),
                OwnerEffect::Errand(Errand::KeepHearts { by_hue, .. }) => {
                    self.kept_hearts += by_hue.values().map(|count| u64::from(*count)).sum::<u64>();
                }
                OwnerEffect::Errand(Errand::News(_)) => {}
            }
        }
        for (edge, mark) in self.owner.past().heard {
            self.heard.insert((edge, mark.epoch), mark.n);
        }
    }

    /// One frame arrives, or does not, or twice, or before those before it.
    fn carry(&mut self, is_bad: bool) {
        let fate = if is_bad { self.random.u32(0..10) } else { 9 };
        let to_owner = self.to_edges.is_empty() || (!self.to_owner.is_empty() && self.random.bool());
        let queue = if to_owner { &mut self.to_owner } else { &mut self.to_edges };
        if queue.is_empty() {
            return;
        }
        let at = if is_bad { self.random.usize(0..queue.len().min(3)) } else { 0 };
        let (edge, frame) = if fate == 0 { queue[at].clone() } else { queue.remove(at) };
        self.figures.repeated += u32::from(fate == 0);
        if fate == 1 {
            self.figures.lost += 1;
        } else if to_owner {
            self.owner(OwnerInput::Received(edge, serde_json::from_str(&frame).unwrap()));
        } else {
            self.edge(edge.0, EdgeInput::Received(serde_json::from_str(&frame).unwrap()));
        }
    }

    /// The archive answers one of its questions, now and then with a failure.
    fn answer(&mut self) {
        if self.asked.is_empty() {
            return;
        }
        let at = self.random.usize(0..self.asked.len());
        let comment = self.asked.remove(at);
        let seq = comment.said.seq;
        let known = self.archive.values().find(|kept| kept.key == comment.key).map(|kept| kept.said.seq);
        let stored = match known {
            Some(first) => {
                self.figures.answered_by_the_archive += 1;
                Stored::Repeated(first)
            }
            None => {
                self.archive.insert(seq, comment);
                Stored::Kept
            }
        };
        self.owner(OwnerInput::Stored(seq, stored));
    }

    fn order(&mut self, order: HostOrder) {
        self.owner(OwnerInput::Host(order));
    }

    fn remove(&mut self) {
        let known: Vec<Seq> = self.archive.keys().rev().take(8).copied().collect();
        let Some(seq) = self.random.choice(known) else { return };
        self.removed.insert(seq);
        self.figures.removed += 1;
        self.order(HostOrder::Remove(seq));
    }

    fn tick(&mut self) {
        (0..EDGES).for_each(|edge| self.edge(edge, EdgeInput::Tick));
        self.owner(OwnerInput::Tick);
    }

    fn connect(&mut self) {
        let edge = self.random.u32(0..EDGES);
        self.edge(edge, EdgeInput::Connected);
    }

    fn come_back(&mut self, who: usize) {
        self.leave(who);
        self.connections += 1;
        let (edge, connection) = (self.people[who].edge, ConnectionId(self.connections));
        (self.people[who].connection, self.people[who].is_here) = (connection, true);
        let number = u8::try_from(who).unwrap();
        // Now and then as somebody else.
        let person = &mut self.people[who];
        person.identity = person.identity.wrapping_add(PEOPLE * self.random.bool() as u8);
        let viewer = PublicViewer {
            id: viewer(person.identity),
            name: format!("N{who}"),
            hue: number.into(),
            badge: None,
            n: None,
        };
        let (page, token) = (Page::Theirs(page(who)), String::new());
        // Two share an address: whoever is muted makes the other wait.
        let place = Some(Place([number / 2; 16]));
        let joined =
            ViewerEvent::Joined { connection, viewer, name: None, token, token_hash: [number; 32], page, place };
        self.edge(edge, EdgeInput::Viewer(joined));
        let open = self.people[who].written.iter().enumerate().filter(|(_, seq)| seq.is_none());
        for number in open.map(|(number, _)| number).collect::<Vec<_>>() {
            self.say(who, number);
        }
    }

    fn leave(&mut self, who: usize) {
        let Person { edge, connection, is_here, .. } = self.people[who];
        if is_here {
            self.people[who].is_here = false;
            self.edge(edge, EdgeInput::Viewer(ViewerEvent::Left { connection }));
        }
    }

    fn write(&mut self, who: usize) {
        if self.people[who].is_here {
            self.people[who].written.push(None);
            self.say(who, self.people[who].written.len() - 1);
        }
    }

    fn say(&mut self, who: usize, number: usize) {
        let Person { edge, connection, .. } = self.people[who];
        let (id, text) = (number.to_string(), "the same words".to_owned());
        self.edge(edge, EdgeInput::Viewer(ViewerEvent::Say { connection, id, text, name: None, at_ms: None }));
    }

    fn tap(&mut self, who: usize) {
        let Person { edge, connection, is_here, .. } = self.people[who];
        if is_here {
            let count = self.random.u32(1..=50);
            self.edge(edge, EdgeInput::Viewer(ViewerEvent::Hearts { connection, count }));
        }
    }

    /// Its people are thrown out, and what it did not hand on is lost with it.
    fn restart_edge(&mut self) {
        let edge = self.random.u32(0..EDGES);
        self.figures.edges += 1;
        self.epoch += 1;
        for person in self.people.iter_mut().filter(|person| person.edge == edge) {
            person.is_here = false;
        }
        self.edges[edge as usize] = Edge::new(EdgeId(edge), Epoch(self.epoch), Self::limits());
        self.screens[edge as usize] = Screen::default();
        self.edge(edge, EdgeInput::Connected);
    }

    /// Another owner goes on; what waited for the archive is answered to nobody.
    fn restart_owner(&mut self) {
        self.figures.owners += 1;
        self.epoch += 1;
        let mut past = self.owner.past();
        for comment in std::mem::take(&mut self.asked) {
            // The archive took half of it, and nobody was answered.
            if self.random.bool() && !self.archive.values().any(|kept| kept.key == comment.key) {
                self.archive.insert(comment.said.seq, comment);
            }
        }
        past.pending.clear();
        past.backlog = self.archive.values().map(|comment| comment.said.clone()).collect();
        past.backlog.retain(|said| !self.removed.contains(&said.seq));
        self.owner = Owner::with_log(Epoch(self.epoch), past, LOG);
        (0..EDGES).for_each(|edge| self.edge(edge, EdgeInput::Connected));
    }
}

fn page(who: usize) -> PageId {
    PageId::from_random([u8::try_from(who).unwrap(); 16])
}
