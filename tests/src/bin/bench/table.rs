//! The table: what was measured, what the program before measured beside it, what must be, what is aimed at.

use std::fmt;
use std::path::Path;

use antenne_tests::measure::{Spread, report};
use serde_json::{Value, json};

/// How much more than before still counts as the same, on a machine whose timings swing.
const AS_BEFORE: f64 = 1.05;

/// One figure. It must not be above `must`, and is aimed at `aim`.
pub(crate) struct Row {
    name: &'static str,
    unit: &'static str,
    measured: f64,
    /// What the program of the commit before measured in the same run, in turn with this one.
    before: Option<f64>,
    must: f64,
    aim: f64,
    remark: String,
}

impl Row {
    /// A figure, and its limits: what must be, and what is aimed at.
    pub(crate) fn new(name: &'static str, unit: &'static str, measured: f64, (must, aim): (f64, f64)) -> Self {
        Self { name, unit, measured, before: None, must, aim, remark: String::new() }
    }

    /// What it was before; none where there is nothing to compare with.
    pub(crate) fn before(self, before: Option<f64>) -> Self {
        Self { before, ..self }
    }

    /// What else a reader of the table wants to know.
    pub(crate) fn remark(self, remark: impl fmt::Display) -> Self {
        Self { remark: remark.to_string(), ..self }
    }
}

/// All of them, in the order in which they were measured.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

impl Table {
    /// Adds a row, and shows it at once.
    pub(crate) fn add(&mut self, row: Row) {
        report(&row);
        self.0.push(row);
    }

    /// Adds the figure `of` each side's measurements: this program's first, then those of the one before.
    pub(crate) fn compare(
        &mut self,
        (name, unit): (&'static str, &'static str),
        sides: &[Spread],
        of: fn(&Spread) -> f64,
        limits: (f64, f64),
        remark: impl fmt::Display,
    ) {
        let Some((now, before)) = sides.split_first() else { return };
        let row = Row::new(name, unit, of(now), limits).before(before.first().map(of));
        let spread = before.iter().fold(now.to_string(), |text, before| format!("{text}; before: {before}"));
        let remark = remark.to_string();
        self.add(row.remark(if remark.is_empty() { spread } else { format!("{remark}; {spread}") }));
    }

    /// Writes `target/bench.json`.
    pub(crate) fn write(&self) {
        let rows: Vec<_> = self.0.iter().map(Row::json).collect();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench.json");
        let text = serde_json::to_string_pretty(&rows).expect("numbers are JSON");
        std::fs::write(&path, text + "\n").expect("target can be written");
    }
}

impl Row {
    fn verdict(&self) -> String {
        let word = match self.measured {
            measured if measured.is_nan() => "not measured",
            measured if measured <= self.aim => "as aimed",
            measured if measured <= self.must => "as it must",
            _ => "TOO MUCH",
        };
        let worse = self.before.is_some_and(|before| self.measured > before * AS_BEFORE);
        if worse { format!("{word}, worse") } else { word.to_owned() }
    }

    fn json(&self) -> Value {
        let Self { name, unit, measured, before, must, aim, remark } = self;
        json!({"name": name, "unit": unit, "measured": measured, "before": before, "must": must, "aim": aim, "verdict": self.verdict(), "remark": remark})
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, unit, measured, before, must, aim, remark } = self;
        let before = before.map_or_else(String::new, |before| format!("{before:.2}"));
        write!(
            f,
            "| {name:<52} | {measured:>8.2} {unit:<3} | {before:>8} | {must:>7} | {aim:>7} | {:<17} | {remark} |",
            self.verdict()
        )
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| {:<52} | {:>12} | {:>8} | {:>7} | {:>7} | {:<17} | remark |",
            "what", "measured", "before", "must", "aim", "verdict"
        )?;
        writeln!(f, "|{:-<54}|{:->13}:|{:->9}:|{:->8}:|{:->8}:|{:-<19}|---|", "", "", "", "", "", "")?;
        self.0.iter().try_for_each(|row| writeln!(f, "{row}"))
    }
}
