//! Has cargo build anew when the file manager page has changed, which `src/server/file_manager` puts into the program.

use std::path::Path;

fn main() {
    // Where the page was never built, its folder will appear beside the page's sources. Cargo must not be told of a path
    // that is not there, or it would build everything at each call: so of none in the packaged crate, which has neither.
    let watched = ["web/app/dist", "web/app"].into_iter().find(|path| Path::new(path).exists());
    println!("cargo::rerun-if-changed={}", watched.unwrap_or("build.rs"));
}
