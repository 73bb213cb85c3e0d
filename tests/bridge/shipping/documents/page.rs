//! A page: its fences, and what the comments before them say is to become of them.
//!
//! By default a `sh` block runs. An HTML comment on the lines before a fence says otherwise:
//!
//! - `<!-- commands: background -->` it is a server: the next block runs when it listens
//! - `<!-- commands: restart -->` the same, after the servers of the blocks above have been ended, as by Ctrl-C
//! - `<!-- commands: fails: CODE -->` its last command ends with this exit code
//! - `<!-- commands: needs: COMMAND -->` a command that runs first, and that readers do not see
//! - `<!-- commands: then: COMMAND -->` the same, after it: where the page says what has come of it
//! - `<!-- commands: file: NAME -->` of any language: its text is this file in the page's folder
//! - `<!-- commands: shown: PATH -->` or `PATH::NAME`, also of any language: that test, in the repository, runs it
//! - `<!-- commands: not run: REASON -->` nobody runs it; NOT_RUN in `documents.rs` has it, too

/// What becomes of a block.
#[derive(Debug, PartialEq, Eq)]
pub enum Fate {
    Runs,
    Fails(i32),
    Serves {
        others_end: bool,
    },
    IsFile(String),
    /// Of another language than `sh`, without a comment.
    IsRead,
    Shown(String),
    NotRun(String),
}

#[derive(Debug)]
pub struct Block {
    /// The line of its fence, from 1.
    pub line: usize,
    pub language: String,
    pub text: String,
    pub fate: Fate,
    /// Commands that run before it.
    pub needs: Vec<String>,
    /// Commands that run after it.
    pub then: Vec<String>,
}

#[derive(Debug)]
pub struct Page {
    /// From the root of the repository: `docs/check.md`.
    pub name: String,
    pub blocks: Vec<Block>,
    pub text: String,
}

impl Page {
    pub fn read(name: &str, text: &str) -> Result<Page, String> {
        let mut blocks = Vec::new();
        let mut markers = Vec::new();
        let mut lines = text.lines().enumerate().map(|(number, line)| (number + 1, line));
        while let Some((number, line)) = lines.next() {
            let place = |error: String| format!("{name}:{number}: {error}");
            let bare = line.trim_start();
            if let Some(language) = bare.strip_prefix("```") {
                let indent = line.len() - bare.len();
                let inside = lines.by_ref().map(|(_, line)| line);
                let text = inside
                    .take_while(|line| line.trim_start() != "```")
                    .map(|line| format!("{}\n", line.get(indent..).unwrap_or_default()))
                    .collect();
                let block =
                    Block::new(number, language, text, std::mem::take(&mut markers)).map_err(place)?;
                blocks.push(block);
            } else if let Some(first) = bare.strip_prefix("<!-- commands:") {
                let rest = lines.by_ref().map(|(_, line)| line);
                markers.push(comment(first, rest).map_err(place)?);
            } else if !markers.is_empty() {
                return Err(place(format!("no fence behind the comment {markers:?}")));
            }
        }
        if !markers.is_empty() {
            return Err(format!("{name}: no fence behind the comment {markers:?}"));
        }
        Ok(Page { name: name.to_owned(), blocks, text: text.to_owned() })
    }

    /// Whether there is anything to do for it.
    pub fn runs(&self) -> bool {
        self.blocks.iter().any(|block| block.fate.runs() || !block.then.is_empty())
    }
}

/// The text of a comment up to its end, which may be some lines further down.
fn comment<'a>(first: &'a str, mut rest: impl Iterator<Item = &'a str>) -> Result<String, String> {
    let mut text = first.to_owned();
    while !text.contains("-->") {
        let next = rest.next().ok_or("a comment that does not end")?;
        text = format!("{text} {}", next.trim());
    }
    let (text, after) = text.split_once("-->").unwrap();
    if after.trim().is_empty() {
        Ok(text.trim().to_owned())
    } else {
        Err(format!("{after:?} behind a comment"))
    }
}

impl Block {
    fn new(line: usize, language: &str, text: String, markers: Vec<String>) -> Result<Block, String> {
        let (mut fate, mut needs, mut then) = (None, Vec::new(), Vec::new());
        for marker in markers {
            if let Some(command) = marker.strip_prefix("needs:") {
                needs.push(command.trim().to_owned());
            } else if let Some(command) = marker.strip_prefix("then:") {
                then.push(command.trim().to_owned());
            } else if fate.is_none() {
                fate = Some(Fate::of(&marker)?);
            } else {
                return Err(format!("two fates: {marker:?} is the second"));
            }
        }
        let fate = fate.unwrap_or(if language == "sh" { Fate::Runs } else { Fate::IsRead });
        if fate.runs() && language != "sh" {
            return Err(format!("only `sh` runs, and this is {language:?}"));
        }
        if !(fate.runs() || matches!(fate, Fate::IsFile(_)) || needs.is_empty() && then.is_empty()) {
            return Err("`needs` and `then` belong to what runs, and to files".to_owned());
        }
        Ok(Block { line, language: language.to_owned(), text, fate, needs, then })
    }
}

impl Fate {
    pub fn runs(&self) -> bool {
        matches!(self, Fate::Runs | Fate::Fails(_) | Fate::Serves { .. })
    }

    fn of(marker: &str) -> Result<Fate, String> {
        let (kind, value) = marker.split_once(':').unwrap_or((marker, ""));
        let value = value.trim();
        match (kind, value) {
            ("background", "") => Ok(Fate::Serves { others_end: false }),
            ("restart", "") => Ok(Fate::Serves { others_end: true }),
            ("fails", code) => {
                let code = code.parse().ok().filter(|code| *code != 0);
                code.map(Fate::Fails).ok_or_else(|| format!("{value:?} is no exit code of a failure"))
            }
            ("file", name) if !name.is_empty() => Ok(Fate::IsFile(name.to_owned())),
            ("shown", test) if !test.is_empty() => Ok(Fate::Shown(test.to_owned())),
            ("not run", reason) if !reason.is_empty() => Ok(Fate::NotRun(reason.to_owned())),
            _ => Err(format!("nobody knows what {marker:?} means; documents/page.rs has the list")),
        }
    }
}

#[test]
fn comments_decide_what_becomes_of_a_block() {
    let text = [
        "a\n```sh\none\n```\n",
        "<!-- commands: fails: 77 -->\n<!-- commands: needs: two\n  three -->\n",
        "  ```sh\n  four\n    five\n  ```\n",
        "```toml\nx = 1\n```\n",
        "<!-- commands: file: a.toml -->\n<!-- commands: then: six -->\n```toml\ny = 2\n```\n",
    ];
    let text = text.concat();
    let page = Page::read("x.md", &text).unwrap();
    let acts = page.blocks.iter().filter(|block| block.fate != Fate::IsRead);
    let seen: Vec<_> = acts.map(|block| (block.line, &*block.text, &block.fate)).collect();
    let file = Fate::IsFile("a.toml".to_owned());
    let wanted = [(2, "one\n", &Fate::Runs), (8, "four\n  five\n", &Fate::Fails(77)), (17, "y = 2\n", &file)];
    assert_eq!(seen, wanted);
    assert_eq!(page.blocks[1].needs, ["two three"]);
    assert_eq!(page.blocks[3].then, ["six"]);
}

#[test]
fn a_comment_that_means_nothing_is_a_mistake() {
    for (text, about) in [
        ("<!-- commands: backgruond -->\n```sh\n```\n", "x.md:2: nobody knows"),
        ("<!-- commands: not run: -->\n```sh\n```\n", "nobody knows"),
        ("<!-- commands: fails: 0 -->\n```sh\n```\n", "no exit code"),
        ("<!-- commands: background -->\ntext\n```sh\n```\n", "x.md:2: no fence"),
        ("<!-- commands: background -->\n```toml\n```\n", "only `sh` runs"),
        ("<!-- commands: background -->\n<!-- commands: fails: 1 -->\n```sh\n```\n", "two fates"),
        ("<!-- commands: needs: a -->\n```toml\n```\n", "belong to what runs"),
        ("```sh\n```\n<!-- commands: background -->\n", "no fence"),
        ("<!-- commands: needs: a", "does not end"),
    ] {
        let error = Page::read("x.md", text).unwrap_err();
        assert!(error.contains(about), "{text:?}: {error}");
    }
}
