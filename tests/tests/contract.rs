//! `docs/contract.md` is held against the program: its help, its addresses, its messages, its figures.

use std::path::Path;
use std::process::Output;

use antenne_tests::antenne::Antenne;
use antenne_tests::server::Server;
use domain::{
    BroadcastState, Bye, DestinationState, FromViewer, OnPicture, PublicViewer, RefusedCode, Said, ShowSlug, ToViewer,
};
use tempfile::TempDir;
use ts_rs::{Config, TS};

const CONTRACT: &str = include_str!("../../docs/contract.md");

/// A row of a table: its cells, without the code's ticks around the first.
type Row = Vec<String>;

/// The table whose first column has this heading, in the section with this heading.
fn table(section: &str, heading: &str) -> Vec<Row> {
    let start = CONTRACT.lines().position(|line| line.trim_start_matches('#') == format!(" {section}"));
    let start = start.unwrap_or_else(|| panic!("the contract has no section {section:?}")) + 1;
    let body = CONTRACT.lines().skip(start).take_while(|line| !line.starts_with('#'));
    let head = format!("| {heading} |");
    let rows = body.skip_while(|line| !line.starts_with(&head)).skip(2).take_while(|line| line.starts_with('|'));
    let rows: Vec<Row> = rows.map(cells).collect();
    assert!(!rows.is_empty(), "the contract has no table of {heading:?} in {section:?}");
    rows
}

fn cells(row: &str) -> Row {
    let bars = row.replace("\\|", "\u{0}");
    bars.trim_matches('|').split(" |").map(|cell| cell.trim().replace('\u{0}', "|")).collect()
}

/// What stands in code in a cell.
fn codes(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect()
}

/// The first column, of which all is code.
fn first_column(rows: &[Row]) -> Vec<String> {
    rows.iter().map(|row| codes(&row[0]).concat()).collect()
}

/// The contract's words and the program's, whatever their order.
#[track_caller]
fn assert_same(what: &str, mut contract: Vec<String>, mut program: Vec<String>) {
    contract.sort();
    program.sort();
    let missing: Vec<_> = program.iter().filter(|word| !contract.contains(word)).collect();
    let stale: Vec<_> = contract.iter().filter(|word| !program.contains(word)).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "{what}: docs/contract.md lacks {missing:?}, and names what is not there: {stale:?}"
    );
    assert_eq!(contract.len(), program.len(), "{what}: something stands twice: {contract:?}");
}

/// What `antenne` prints about itself.
async fn help(arguments: &[&str]) -> String {
    let data = TempDir::new().expect("a folder");
    help_of(Antenne::command(data.path()), arguments).await
}

async fn help_of(mut command: tokio::process::Command, arguments: &[&str]) -> String {
    let Output { status, stdout, .. } = command.args(arguments).arg("--help").output().await.expect("it starts");
    assert!(status.success(), "{arguments:?}");
    String::from_utf8(stdout).expect("help is UTF-8")
}

/// The options in a help text, with the names of their values: `--title T`.
fn options(help: &str) -> Vec<String> {
    let lines = help.lines().map(str::trim).filter(|line| line.starts_with('-'));
    let names = lines.filter_map(|line| {
        let name = line.split("  ").next()?.rsplit(", ").next()?;
        name.starts_with("--").then(|| name.replace(['<', '>'], ""))
    });
    names.filter(|name| name != "--help").collect()
}

/// The variants of a wire type, each with its fields; those that may be absent have a question mark.
fn variants<T: TS>(tag: &str) -> Vec<(String, Vec<String>)> {
    let config = Config::default();
    let declared = without_comments(&T::decl(&config));
    let body = declared.split_once('=').map_or("", |(_, body)| body).trim().trim_end_matches(';');
    let parts = split(body, '|');
    parts.iter().map(|part| variant(part, tag)).collect()
}

fn variant(part: &str, tag: &str) -> (String, Vec<String>) {
    let (own, inherited) = part.split_once(" & ").map_or((part, None), |(own, name)| (own, Some(name.trim())));
    let own = own.trim().trim_start_matches('{').trim_end_matches('}');
    let (mut name, mut fields) = (String::new(), Vec::new());
    for field in split(own, ',').iter().filter(|field| !field.trim().is_empty()) {
        let (key, kind) = field.split_once(':').expect("a field has a type");
        match key.trim().trim_matches('"') {
            key if key == tag => name = kind.trim().trim_matches('"').to_owned(),
            key => fields.push(key.to_owned()),
        }
    }
    match inherited {
        Some("Said") => fields.extend(variants::<Said>(tag).remove(0).1),
        Some(other) => panic!("say here what {other} holds"),
        None => {}
    }
    (name, fields)
}

/// `text` at every `at` that stands in no bracket.
fn split(text: &str, at: char) -> Vec<String> {
    let (mut parts, mut depth) = (vec![String::new()], 0);
    for character in text.chars() {
        match character {
            '{' | '[' | '<' => depth += 1,
            '}' | ']' | '>' => depth -= 1,
            _ => {}
        }
        if character == at && depth == 0 {
            parts.push(String::new());
        } else {
            parts.last_mut().expect("it starts with one").push(character);
        }
    }
    parts
}

fn without_comments(text: &str) -> String {
    let mut parts = text.split("/*");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |kept, part| kept + part.split_once("*/").map_or("", |(_, rest)| rest))
}

/// The words of a wire type without fields.
fn words<T: TS>() -> Vec<String> {
    let declared = without_comments(&T::decl(&Config::default()));
    declared.split('"').skip(1).step_by(2).map(ToOwned::to_owned).collect()
}

#[tokio::test]
async fn every_command_and_option_is_in_the_contract() {
    let help_of_all = help(&[]).await;
    let listed = help_of_all.split("Commands:").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("commands");
    let commands = listed.lines().filter_map(|line| line.split_whitespace().next());
    let commands: Vec<String> = commands.map(|command| format!("antenne {command}")).collect();
    assert_same("commands", first_column(&table("The command line", "command")), commands.clone());
    assert_same("antenne", first_column(&table("Options of `antenne`", "option")), options(&help_of_all));
    for command in commands.iter().filter(|command| *command != "antenne help") {
        let name = command.trim_start_matches("antenne ");
        let table = first_column(&table(&format!("Options of `{command}`"), "option"));
        assert_same(command, table, options(&help(&[name]).await));
    }
}

#[tokio::test]
async fn every_option_of_the_server_is_in_the_contract() {
    let data = TempDir::new().expect("a folder");
    let help = help_of(Server::command(data.path()), &[]).await;
    assert_same("antenne-server", first_column(&table("Options of `antenne-server`", "option")), options(&help));
}

#[tokio::test]
async fn every_default_of_live_is_in_the_contract() {
    let rows = table("Options of `antenne live`", "option");
    for line in help(&["live"]).await.lines().filter(|line| line.trim_start().starts_with("--")) {
        let Some((_, default)) = line.split_once("[default: ") else { continue };
        let (default, name) = (default.trim_end_matches(']'), line.split_whitespace().next().unwrap_or_default());
        let row = rows.iter().find(|row| row[0].starts_with(&format!("`{name}"))).expect("it has a row");
        let plain = row[1].replace('`', "");
        assert!(plain.starts_with(default), "{name}: the program says {default:?}, the contract {plain:?}");
    }
}

#[tokio::test]
async fn every_event_of_live_is_in_the_contract() {
    let help = help(&["live"]).await;
    let named = help.split("Events of --json: ").nth(1).and_then(|rest| rest.split('.').next()).expect("it lists them");
    let events = named.split(',').map(|event| event.split_whitespace().collect()).collect();
    assert_same("events", first_column(&table("Events of `antenne live --json`", "event")), events);
}

#[test]
fn every_address_is_in_the_contract() {
    let written = |route: &String| {
        [("{show}", "S"), ("{episode}", "E"), ("{session}", "ID"), ("{*path}", "…")]
            .iter()
            .fold(route.clone(), |route, (variable, letter)| route.replace(variable, letter))
    };
    let routes = audience::routes().iter().map(written).collect();
    assert_same("addresses", first_column(&table("Addresses", "address")), routes);
}

/// Every `StatusCode::NAME, "code"` and `Class::Name, "code"` in the service's sources, as `code number`.
fn errors_in(source: &str) -> Vec<String> {
    let pairs = |of: &str, number: fn(&str) -> u16| {
        let places = source.split(of).skip(1).map(ToOwned::to_owned).collect::<Vec<_>>();
        places
            .into_iter()
            .filter_map(move |place| {
                let (name, rest) = place.split_once(',')?;
                let code = rest.trim_start().strip_prefix('"')?.split('"').next()?;
                let is_name = name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
                is_name.then(|| format!("{code} {}", number(name)))
            })
            .collect::<Vec<_>>()
    };
    [pairs("StatusCode::", number), pairs("Class::", of_class)].concat()
}

/// The status that answers of that class have.
fn of_class(name: &str) -> u16 {
    use domain::Class;
    let classes =
        [Class::Invalid, Class::Conflict, Class::Missing, Class::TooMuch, Class::Unavailable, Class::Internal];
    let class = classes.into_iter().find(|class| format!("{class:?}") == name);
    class.unwrap_or_else(|| panic!("there is no class {name}")).http_status()
}

/// The status of that name (RFC 9110 §15).
fn number(status: &str) -> u16 {
    match status {
        "BAD_REQUEST" => 400,
        "FORBIDDEN" => 403,
        "NOT_FOUND" => 404,
        "METHOD_NOT_ALLOWED" => 405,
        "CONFLICT" => 409,
        "GONE" => 410,
        "UNAUTHORIZED" => 401,
        "PRECONDITION_FAILED" => 412,
        "PAYLOAD_TOO_LARGE" => 413,
        "UNSUPPORTED_MEDIA_TYPE" => 415,
        "RANGE_NOT_SATISFIABLE" => 416,
        "MISDIRECTED_REQUEST" => 421,
        "UNPROCESSABLE_ENTITY" => 422,
        "PRECONDITION_REQUIRED" => 428,
        "TOO_MANY_REQUESTS" => 429,
        "INTERNAL_SERVER_ERROR" => 500,
        "SERVICE_UNAVAILABLE" => 503,
        other => panic!("say here which number {other} has"),
    }
}

#[test]
fn every_error_of_the_addresses_is_in_the_contract() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src-tauri/crates/audience/src/http");
    let mut errors = Vec::new();
    for file in std::fs::read_dir(folder).expect("the service has sources") {
        let source = std::fs::read_to_string(file.expect("a file").path()).expect("sources are UTF-8");
        errors.extend(errors_in(&source));
    }
    errors.sort();
    errors.dedup();
    let rows = table("Errors", "code");
    let documented = rows.iter().map(|row| format!("{} {}", codes(&row[0]).concat(), row[1])).collect();
    assert_same("errors", documented, errors);
}

#[test]
fn every_figure_is_in_the_contract() {
    assert_same("figures", first_column(&table("Figures", "figure")), audience::metric_names());
}

#[test]
fn every_message_of_the_room_and_all_that_it_holds_is_in_the_contract() {
    for (section, messages) in
        [("From the viewer", variants::<FromViewer>("type")), ("To the viewer", variants::<ToViewer>("type"))]
    {
        let rows = table(section, "type");
        let names = messages.iter().map(|(name, _)| name.clone()).collect();
        assert_same(section, first_column(&rows), names);
        for (name, fields) in messages {
            let row = rows.iter().find(|row| codes(&row[0]) == [name.as_str()]).expect("it was found above");
            assert_same(&format!("{section}, {name}"), codes(&row[1]), fields);
        }
    }
    let viewer = CONTRACT.lines().find(|line| line.starts_with("| `viewer` |")).map(cells).expect("a viewer has a row");
    assert_same("viewer", codes(&viewer[1]), variants::<PublicViewer>("type").remove(0).1);
}

#[test]
fn every_word_of_the_room_is_in_the_contract() {
    let section = "What the room's words mean";
    for (heading, words) in [
        ("state", words::<BroadcastState>()),
        ("on_picture", words::<OnPicture>()),
        ("refused", words::<RefusedCode>()),
        ("bye", words::<Bye>()),
    ] {
        assert_same(heading, first_column(&table(section, heading)), words);
    }
    let states = table("States of a destination", "state");
    assert_same("destination", first_column(&states), words::<DestinationState>());
}

#[test]
fn every_reserved_name_is_in_the_contract() {
    let line = CONTRACT.lines().find(|line| line.starts_with("No show can be called")).expect("they are named");
    assert_same("reserved names", codes(line), ShowSlug::RESERVED.map(ToOwned::to_owned).to_vec());
}

#[test]
fn a_declaration_is_read_with_its_comments_and_brackets() {
    assert_eq!(without_comments("a/** b: c, | */d/*e*/"), "ad");
    assert_eq!(split("{ a: { b: c, d }, } | [x | y]", '|').len(), 2);
    let (name, fields) = variant("{ \"type\": \"x\", a?: { [key in number]: number }, b: Array<string>, }", "type");
    assert_eq!((name.as_str(), fields), ("x", vec!["a?".to_owned(), "b".to_owned()]));
}
