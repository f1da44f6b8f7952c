//! The table: what was measured, what must be, what is aimed at.

use std::fmt;
use std::path::Path;

use antenne_tests::measure::tell;
use serde_json::json;

/// One number.
struct Row {
    name: &'static str,
    unit: &'static str,
    measured: f64,
    must: f64,
    aim: f64,
    remark: String,
}

/// All of them, in the order in which they were measured.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

impl Table {
    /// Adds a number that must not be above `must` and is aimed at `aim`.
    pub(crate) fn add(
        &mut self,
        name: &'static str,
        unit: &'static str,
        measured: f64,
        limits: (f64, f64),
        remark: impl fmt::Display,
    ) {
        let (must, aim) = limits;
        let row = Row { name, unit, measured, must, aim, remark: remark.to_string() };
        tell(&row);
        self.0.push(row);
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
    fn verdict(&self) -> &'static str {
        match self.measured {
            measured if measured.is_nan() => "not measured",
            measured if measured <= self.aim => "as aimed",
            measured if measured <= self.must => "as it must",
            _ => "TOO MUCH",
        }
    }

    fn json(&self) -> serde_json::Value {
        let Self { name, unit, measured, must, aim, remark } = self;
        json!({"name": name, "unit": unit, "measured": measured, "must": must, "aim": aim, "verdict": self.verdict(), "remark": remark})
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, unit, measured, must, aim, remark } = self;
        write!(
            f,
            "| {name:<52} | {measured:>8.2} {unit:<3} | {must:>7} | {aim:>7} | {:<12} | {remark} |",
            self.verdict()
        )
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| {:<52} | {:>12} | {:>7} | {:>7} | {:<12} | remark |",
            "what", "measured", "must", "aim", "verdict"
        )?;
        writeln!(f, "|{:-<54}|{:->13}:|{:->8}:|{:->8}:|{:-<14}|---|", "", "", "", "", "")?;
        self.0.iter().try_for_each(|row| writeln!(f, "{row}"))
    }
}
