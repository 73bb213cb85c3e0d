//! Has cargo build anew when the file manager page has changed, which `src/server/file_manager` puts into the program, and
//! stops a crate that was packaged without it.

use std::path::Path;

fn main() {
    // Where the page was never built, its folder will appear beside the page's sources. Cargo must not be told of a path
    // that is not there, or it would build everything at each call.
    let watched = ["web/app/dist", "web/app"].into_iter().find(|path| Path::new(path).exists());
    println!("cargo::rerun-if-changed={}", watched.unwrap_or("build.rs"));
    // Cargo keeps the manifest as it was written in what it packages, and nowhere else. It builds that before it publishes.
    if Path::new("Cargo.toml.orig").exists() && !Path::new("web/app/dist/index.html").exists() {
        println!(
            "cargo::error=this crate was packaged without the file manager page: run `make web`, then package it again"
        );
    }
}
