//! Who may know whom: the table of ARCHITECTURE.md, held against manifests and `use` lines.

use serde_json::Value;

/// What a package may depend on, and what its source must never name.
struct Knowledge {
    package: &'static str,
    folder: &'static str,
    /// Packages of the workspace.
    may_know: &'static [&'static str],
    /// Crates from outside: all others are refused where `only` is set.
    only: Option<&'static [&'static str]>,
    /// Paths that are in reach of every crate, and not of this one.
    never_named: &'static [&'static str],
}

/// Crates that have one owner. A name that ends in `-` stands for a family.
const OWNED: &[(&str, &[&str])] = &[
    ("gstreamer", &["antenne-engine"]),
    ("gstreamer-", &["antenne-engine"]),
    ("gst-plugin-", &["antenne-engine"]),
    ("mp4-atom", &["antenne-fmp4"]),
    ("rusqlite", &["antenne-archive"]),
    ("rusqlite_migration", &["antenne-archive"]),
    ("axum", &["antenne-audience"]),
    ("str0m", &["antenne-audience"]),
    ("tauri", &["antenne"]),
    ("clap", &["antenne", "antenne-server"]),
    ("ts-rs", &["antenne-domain"]),
    ("tokio", &["antenne-audience", "antenne-hosting", "antenne-server", "antenne-studio", "antenne", "antenne-tests"]),
];

/// The domain has no clock, no chance and no world.
const PURE: &[&str] = &["SystemTime", "Instant::now", "std::fs", "std::net", "std::thread", "std::process", "std::env"];
/// What crosses between engine and everybody else has readers that wait: it knows the monotonic clock,
/// and nothing else of the world.
const WAITING: &[&str] = &["SystemTime", "std::fs", "std::net", "std::process", "std::env"];

const TABLE: &[Knowledge] = &[
    Knowledge {
        package: "antenne-domain",
        folder: "src-tauri/crates/domain/",
        may_know: &[],
        only: Some(&["icu_properties", "serde", "ts-rs", "unicode-security"]),
        never_named: PURE,
    },
    Knowledge {
        package: "antenne-media",
        folder: "src-tauri/crates/media/",
        may_know: &[],
        only: Some(&["bytes"]),
        never_named: WAITING,
    },
    Knowledge {
        package: "antenne-fmp4",
        folder: "src-tauri/crates/fmp4/",
        may_know: &["antenne-media"],
        only: Some(&["bytes", "mp4-atom", "thiserror", "tracing"]),
        never_named: &["std::net", "SystemTime"],
    },
    Knowledge {
        package: "antenne-engine",
        folder: "src-tauri/crates/engine/",
        may_know: &["antenne-domain", "antenne-media"],
        only: None,
        never_named: &[],
    },
    Knowledge {
        package: "antenne-audience",
        folder: "src-tauri/crates/audience/",
        may_know: &["antenne-domain", "antenne-media", "antenne-fmp4"],
        only: None,
        never_named: &[],
    },
    Knowledge {
        package: "antenne-archive",
        folder: "src-tauri/crates/archive/",
        may_know: &["antenne-domain"],
        only: Some(&["rusqlite", "rusqlite_migration", "strum", "thiserror", "tracing"]),
        never_named: &["std::net"],
    },
    Knowledge {
        package: "antenne-hosting",
        folder: "src-tauri/crates/hosting/",
        may_know: &["antenne-domain", "antenne-fmp4", "antenne-audience", "antenne-archive"],
        only: None,
        never_named: &["std::process::Command"],
    },
    Knowledge {
        package: "antenne-server",
        folder: "src-tauri/crates/server/",
        may_know: &[
            "antenne-domain",
            "antenne-media",
            "antenne-fmp4",
            "antenne-audience",
            "antenne-archive",
            "antenne-hosting",
        ],
        only: None,
        never_named: &["gst::", "gstreamer", "rusqlite", "tauri"],
    },
    Knowledge {
        package: "antenne-studio",
        folder: "src-tauri/crates/studio/",
        may_know: &[
            "antenne-domain",
            "antenne-media",
            "antenne-fmp4",
            "antenne-engine",
            "antenne-audience",
            "antenne-archive",
            "antenne-hosting",
        ],
        only: None,
        never_named: &["std::process::Command"],
    },
    Knowledge {
        package: "antenne",
        folder: "src-tauri/src/",
        may_know: &["antenne-domain", "antenne-studio"],
        only: None,
        never_named: &["gst::", "gstreamer", "rusqlite", "axum"],
    },
    Knowledge {
        package: "antenne-tests",
        folder: "tests/",
        may_know: &["antenne-domain", "antenne-media", "antenne-audience", "antenne-archive"],
        only: None,
        never_named: &[],
    },
];

/// What the manifests depend on and may not. Dependencies of tests and build scripts are free.
pub(crate) fn of_manifests(metadata: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let Some(knowledge) = TABLE.iter().find(|row| row.package == name) else {
            problems.push(format!("{name}: no row says what it may know"));
            continue;
        };
        let dependencies = package["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default();
        let needed = dependencies.iter().filter(|dependency| dependency["kind"].is_null());
        for dependency in needed.filter_map(|dependency| dependency["name"].as_str()) {
            if !knowledge.permits(dependency) {
                problems.push(format!("{name} must not know {dependency}"));
            }
        }
    }
    for missing in TABLE.iter().filter(|row| !packages.iter().any(|package| package["name"] == row.package)) {
        problems.push(format!("{}: the table describes a package that does not exist", missing.package));
    }
    problems
}

impl Knowledge {
    fn permits(&self, dependency: &str) -> bool {
        if dependency.starts_with("antenne-") {
            return self.may_know.contains(&dependency);
        }
        let owned_by_others = OWNED.iter().any(|(owned, owners)| {
            let meant = dependency == *owned || (owned.ends_with('-') && dependency.starts_with(owned));
            meant && !owners.contains(&self.package)
        });
        !owned_by_others && self.only.is_none_or(|only| only.contains(&dependency))
    }
}

/// What a source file names and may not. Its own tests are free.
pub(crate) fn of_source(path: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if path.ends_with(".rs") {
        for row in TABLE.iter().filter(|row| path.starts_with(row.folder) && !path.contains("/tests/")) {
            let program = text.split("#[cfg(test)]").next().unwrap_or_default();
            let code = program.lines().filter(|line| !line.trim_start().starts_with("//"));
            for line in code {
                for word in row.never_named.iter().filter(|word| line.contains(**word)) {
                    problems.push(format!("{path}: {} must not name {word}: {}", row.package, line.trim()));
                }
            }
        }
    }
    let imports = text.lines().filter(|line| line.contains("from \"") || line.contains("import("));
    for line in imports.filter(|_| path.starts_with("ui/")) {
        for (folder, unknown) in [
            ("ui/viewer/", ["/studio/", "@tauri-apps"]),
            ("ui/studio/", ["/viewer/", "hls.js"]),
            ("ui/shared/", ["/studio/", "/viewer/"]),
        ] {
            if path.starts_with(folder) && unknown.iter().any(|unknown| line.contains(unknown)) {
                problems.push(format!("{path}: reaches past {folder}: {}", line.trim()));
            }
        }
    }
    problems
}

#[test]
fn a_dependency_out_of_place_is_found() {
    let describe = |package: &str, dependency: &str| serde_json::json!({"packages": [{"name": package, "dependencies": [{"name": dependency, "kind": null}]}]});
    let complains = |package: &str, dependency: &str| {
        of_manifests(&describe(package, dependency)).iter().any(|problem| problem.contains("must not know"))
    };
    for (package, dependency) in [
        ("antenne-domain", "tokio"),
        ("antenne-domain", "antenne-media"),
        ("antenne-archive", "antenne-media"),
        ("antenne-fmp4", "antenne-domain"),
        ("antenne-fmp4", "gstreamer"),
        ("antenne-engine", "axum"),
        ("antenne-engine", "tokio"),
        ("antenne-audience", "gstreamer-app"),
        ("antenne-studio", "tauri"),
        ("antenne", "rusqlite"),
    ] {
        assert!(complains(package, dependency), "{package} → {dependency}");
    }
    assert!(!complains("antenne-engine", "gstreamer-app") && !complains("antenne-studio", "antenne-engine"));
    assert!(of_manifests(&describe("antenne-new", "std")).iter().any(|problem| problem.contains("no row")));
}

#[test]
fn a_source_file_out_of_place_is_found() {
    assert!(!of_source("src-tauri/crates/domain/src/x.rs", "use std::time::SystemTime;").is_empty());
    assert!(of_source("src-tauri/crates/domain/src/x.rs", "//! Not SystemTime.").is_empty());
    assert!(!of_source("ui/viewer/a.ts", "import { x } from \"@tauri-apps/api\";").is_empty());
    assert!(!of_source("ui/shared/a.ts", "import { x } from \"../studio/y\";").is_empty());
    assert!(of_source("ui/studio/a.ts", "import { x } from \"../shared/y\";").is_empty());
}
