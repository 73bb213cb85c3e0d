//! Runs the blocks of a page, from top to bottom, in one shell.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::page::{Block, Fate, Page};
use super::world::World;
use crate::support::process::read_lossy;
use crate::support::wait::poll;

/// The last step of each page: without it an `exit 0` in a block would pass for all that comes after.
const END: &str = "the end of the page";

/// `Err` says which block failed, and what was seen at the terminal. No block may take longer than `limit`.
pub fn run(page: &Page, limit: Duration) -> Result<(), String> {
    let world = World::of(page);
    let steps = world.steps();
    fs::write(steps.join("page.sh"), script(page, &steps)).unwrap();
    let progress = || read_lossy(&steps.join("progress"));

    let mut running = world.run();
    let (mut seen, mut since) = (String::new(), Instant::now());
    // The longest that a page may take: every block its time, and once more for what is around them.
    let longest = limit * u32::try_from(2 * page.blocks.len() + 2).unwrap();
    let ended = poll(longest, || {
        let now = progress();
        if now != seen {
            (seen, since) = (now, Instant::now());
        }
        running.ended().map(Some).or_else(|| (since.elapsed() > limit).then_some(None))
    });
    let at = progress().lines().last().unwrap_or("before its first block").to_owned();
    let what = match ended.flatten() {
        Some(status) if status.success() && at == END => return Ok(()),
        Some(status) if status.success() => "ended the shell".to_owned(),
        Some(status) => format!("failed ({status})"),
        None => format!("did not end within {limit:?}"),
    };
    let output = running.stdout() + &running.stderr();
    let from = output.rfind(&format!("--- {at}\n")).unwrap_or_default();
    Err(format!("{}: {at} {what}\n{}\n{}", page.name, &output[from..], world.logs()))
}

/// The page's blocks become files that are named by their place, so that the shell's own messages lead there.
fn script(page: &Page, steps: &Path) -> String {
    let mut script = include_str!("prelude.sh").to_owned();
    for block in &page.blocks {
        let place = format!("{}:{}", page.name, block.line);
        script += &hidden(&block.needs, steps, &format!("{place}, what it needs"));
        script += &step_of(block, steps, &place);
        script += &hidden(&block.then, steps, &format!("{place}, what comes of it"));
    }
    script + &format!("end_servers\nstep '{END}'\n")
}

fn step_of(block: &Block, steps: &Path, place: &str) -> String {
    let with = |call: &dyn Fn(&str) -> String| step(steps, place, &block.text, call);
    match &block.fate {
        Fate::Runs => with(&|file| format!(". {file}")),
        Fate::Fails(code) => {
            with(&|file| format!("set +e\n. {file}\ncode=$?\nset -e\nends_with {code} $code"))
        }
        Fate::Serves { others_end: false } => with(&|file| format!("serve {file}")),
        Fate::Serves { others_end: true } => with(&|file| format!("end_servers\nserve {file}")),
        Fate::IsFile(name) => with(&|file| format!("install -D -m 644 {file} '{name}'")),
        Fate::Shown(_) | Fate::NotRun(_) | Fate::IsRead => String::new(),
    }
}

/// Commands that readers do not see.
fn hidden(commands: &[String], steps: &Path, place: &str) -> String {
    let step = |(number, command): (usize, &String)| {
        step(steps, &format!("{place}, {}", number + 1), &format!("{command}\n"), |file| format!(". {file}"))
    };
    commands.iter().enumerate().map(step).collect()
}

fn step(steps: &Path, name: &str, text: &str, call: impl Fn(&str) -> String) -> String {
    let file = steps.join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, text).unwrap();
    format!("step '{name}'\n{}\n", call(&format!("\"$STEPS/{name}\"")))
}
