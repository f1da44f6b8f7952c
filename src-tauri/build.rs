//! Generates Tauri's context from the configuration in the project's root.

fn main() {
    // Named here, each needs a permission, which `capabilities/main.json` gives to the one window.
    let manifest = tauri_build::AppManifest::new().commands(&["dispatch", "snapshot", "subscribe"]);
    let attributes = tauri_build::Attributes::new()
        .app_manifest(manifest)
        .capabilities_path_pattern("./src-tauri/capabilities/**/*");
    if let Err(error) = tauri_build::try_build(attributes) {
        eprintln!("{error:#}");
        std::process::exit(1);
    }
}
