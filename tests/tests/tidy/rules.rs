//! What a file must be, and what has no place in it.

/// At this length a file has a seam: it holds two ideas. The file's own tests do not count.
const LINES: usize = 400;

/// Files that others write: lock files, bindings, licences.
fn is_written_by_hand(path: &str) -> bool {
    let made = ["ui/bindings/", "LICENSE-", "Cargo.lock", "assets/"];
    !made.iter().any(|start| path.starts_with(start)) && !path.ends_with("package-lock.json")
}

/// What is wrong with one file.
pub(crate) fn check(path: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut report = |what: String| problems.push(format!("{path}: {what}"));
    if path.ends_with("package-lock.json") && text.contains("\"resolved\"") {
        report("the lock file records where it was downloaded from".to_owned());
    }
    if !is_written_by_hand(path) {
        return problems;
    }
    let is_code = [".rs", ".ts", ".svelte", ".css", ".sql"].iter().any(|end| path.ends_with(end));
    let program = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default();
    if is_code && program.lines().count() > LINES {
        report(format!("{} lines before its tests; look for the seam at {LINES}", program.lines().count()));
    }
    if path.ends_with("/mod.rs") {
        report("write foo.rs beside foo/, not mod.rs".to_owned());
    }
    if path.ends_with("src/lib.rs") && !text.starts_with("//! ") {
        report("a crate opens with what it is, who uses it and what it does not do".to_owned());
    }
    if path.ends_with("Cargo.toml") && !text.contains("[lints]\nworkspace = true") {
        report("the lints of the workspace do not hold here".to_owned());
    }
    let this_file = path.ends_with("tests/tidy/rules.rs");
    for (number, line) in text.lines().enumerate().filter(|_| is_code && !this_file) {
        if let Some(reason) = reason_against(path, line) {
            report(format!("{}: {reason}: {}", number + 1, line.trim()));
        }
    }
    problems
}

/// Why a line cannot stay.
fn reason_against(path: &str, line: &str) -> Option<&'static str> {
    let words = |wanted: &[&str]| line.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| wanted.contains(&word));
    if words(&["TODO", "FIXME", "XXX", "HACK"]) {
        return Some("unfinished work is an issue, not a comment");
    }
    if path.ends_with(".rs") {
        let line = line.trim();
        if line.starts_with("#[ignore") {
            return Some("a test that does not run is no test");
        }
        if line.contains("use ") && line.ends_with("::*;") && line != "use super::*;" {
            return Some("name what is imported");
        }
        if path.starts_with("tests/tests/") && line.contains("sleep(") {
            return Some("wait for an event with a deadline");
        }
        if line.contains("serial_test") || line.contains("flaky") {
            return Some("a test that needs luck is no test");
        }
    }
    if path.ends_with(".ts") && (line.contains(": any") || line.contains("as any") || line.contains("@ts-ignore")) {
        return Some("give it its type");
    }
    if (path.ends_with(".svelte") || path.ends_with(".ts")) && line.contains("{@html") {
        return Some("what strangers wrote is never markup");
    }
    None
}

#[test]
fn every_rule_finds_what_it_is_for() {
    let long = "x\n".repeat(LINES + 1);
    for (path, text) in [
        ("a/src/x.rs", long.as_str()),
        ("a/src/mod.rs", ""),
        ("a/src/lib.rs", "pub fn x() {}"),
        ("a/Cargo.toml", "[package]"),
        ("ui/package-lock.json", "\"resolved\": \"x\""),
        ("a/src/x.rs", "// TODO: later"),
        ("a/src/x.rs", "    #[ignore]"),
        ("a/src/x.rs", "use crate::thing::*;"),
        ("tests/tests/x.rs", "std::thread::sleep(second)"),
        ("ui/viewer/x.ts", "let x: any = 1;"),
        ("ui/viewer/x.svelte", "<p>{@html text}</p>"),
    ] {
        assert_eq!(check(path, text).len(), 1, "{path}: {text:.40}");
    }
}

#[test]
fn what_is_right_passes() {
    let tests = format!("fn x() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}\n", "x\n".repeat(LINES));
    for (path, text) in [
        ("a/src/x.rs", tests.as_str()),
        ("a/src/lib.rs", "//! What it is.\n"),
        ("a/src/x.rs", "    use super::*;"),
        ("a/Cargo.toml", "[lints]\nworkspace = true"),
        ("LICENSE-MIT", "TODO"),
    ] {
        assert_eq!(check(path, text), Vec::<String>::new(), "{path}");
    }
}
