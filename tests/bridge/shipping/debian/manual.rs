//! The commands of the pages that tell how to install the package: what they say is what the test does.

use std::fs;
use std::path::Path;

use crate::shipping::documents::page::{Block, Fate, Page};

const PAGES: [&str; 3] = ["README.md", "docs/deployment/systemd.md", "docs/logins.md"];

/// What the pages say of the blocks that are run here.
const HERE: &str = "tests/bridge/shipping/debian.rs";

/// Blocks that nobody has taken yet.
pub struct Manual {
    left: Vec<Instruction>,
}

struct Instruction {
    page: &'static str,
    heading: String,
    block: Block,
}

impl Manual {
    pub fn read() -> Manual {
        Manual { left: PAGES.into_iter().flat_map(instructions).collect() }
    }

    /// What is to be done under a heading, block by block.
    #[track_caller]
    pub fn take<const BLOCKS: usize>(&mut self, page: &str, heading: &str) -> [String; BLOCKS] {
        let taken = self.left.extract_if(.., |left| left.page == page && left.heading == heading);
        let texts: Vec<String> = taken.map(|instruction| instruction.block.text).collect();
        let count = texts.len();
        texts.try_into().unwrap_or_else(|_| panic!("{page}, {heading:?}: {count} blocks, not {BLOCKS}"))
    }

    /// Whatever a page says is run here has been.
    #[track_caller]
    pub fn is_done(&self) {
        let here = |fate: &Fate| matches!(fate, Fate::Shown(test) if test.starts_with(HERE));
        let left = self.left.iter().filter(|left| here(&left.block.fate));
        let left: Vec<_> = left.map(|left| format!("{}:{}", left.page, left.block.line)).collect();
        assert!(left.is_empty(), "{HERE} does not run {left:?}, as these say");
    }
}

/// All that somebody who follows the page would type or copy.
fn instructions(page: &'static str) -> Vec<Instruction> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
    let blocks = Page::read(page, &text).unwrap().blocks.into_iter();
    let blocks = blocks.filter(|block| !matches!(block.fate, Fate::IsRead | Fate::NotRun(_)));
    blocks.map(|block| Instruction { page, heading: heading(&text, block.line), block }).collect()
}

/// The last one above this line. With one `#` it might be a comment in a block.
fn heading(text: &str, line: usize) -> String {
    let above = text.lines().take(line).filter(|line| line.starts_with("##"));
    above.last().unwrap_or_default().trim_start_matches('#').trim().to_owned()
}
