//! Rules of the house that no compiler holds: who may know whom, how long a file may be, and
//! what has no place in the repository. Each rule is shown to fail in `rules`.

mod knowledge;
mod rules;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are a folder of the repository").to_owned()
}

/// Every text file that is, or is about to be, part of the repository, with its content.
fn files() -> Vec<(String, String)> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(root())
        .output()
        .expect("git lists the files");
    let names = String::from_utf8(listed.stdout).expect("file names are UTF-8");
    let files: Vec<_> = names
        .split('\0')
        .filter(|name| !name.is_empty())
        .filter_map(|name| std::fs::read_to_string(root().join(name)).ok().map(|text| (name.to_owned(), text)))
        .collect();
    assert!(files.len() > 30, "only {} files found: the rules would look at nothing", files.len());
    files
}

#[track_caller]
fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn every_crate_knows_only_what_it_may() {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo describes the workspace");
    let metadata = serde_json::from_slice(&metadata.stdout).expect("cargo writes JSON");
    assert_none(&knowledge::of_manifests(&metadata));
}

#[test]
fn no_source_file_reaches_past_its_crate() {
    assert_none(&files().iter().flat_map(|(path, text)| knowledge::of_source(path, text)).collect::<Vec<_>>());
}

#[test]
fn every_file_is_one_idea_and_finished() {
    assert_none(&files().iter().flat_map(|(path, text)| rules::check(path, text)).collect::<Vec<_>>());
}

#[test]
fn nothing_names_the_place_where_it_was_written() {
    let here = root().display().to_string();
    let naming = files().into_iter().filter(|(_, text)| text.contains(&here)).map(|(path, _)| path);
    assert_none(&naming.collect::<Vec<_>>());
}
