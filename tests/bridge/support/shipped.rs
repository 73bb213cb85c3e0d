//! A configuration file of docs/, with addresses and paths of the test's own in place of the example's: nothing else is
//! changed, so that what the tests run is what people copy.

use std::fs;
use std::path::{Path, PathBuf};

pub struct Shipped {
    name: &'static str,
    text: String,
}

impl Shipped {
    pub fn read(name: &'static str) -> Shipped {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
        Shipped { name, text: fs::read_to_string(&file).unwrap() }
    }

    /// `to` in place of `from` on the lines that are no comments. An example that is not there any more fails the test.
    #[track_caller]
    pub fn put(mut self, from: &str, to: &str) -> Shipped {
        let lines = self.text.lines();
        let lines = lines.map(|line| if is_comment(line) { line.to_owned() } else { line.replace(from, to) });
        let text = lines.collect::<Vec<_>>().join("\n");
        assert_ne!(text, self.text.trim_end(), "docs/{} has no {from:?} any more", self.name);
        self.text = text;
        self
    }

    /// Takes the alternative: the line `with` is a comment, and now stands in place of the line `line`.
    #[track_caller]
    pub fn take(mut self, with: &str, line: &str) -> Shipped {
        let held = format!("#{with}");
        let has = |wanted: &str| self.text.lines().filter(|line| line.trim() == wanted).count();
        assert_eq!((has(&held), has(line)), (1, 1), "docs/{}: {held:?} and {line:?} once each", self.name);
        let lines = self.text.lines().filter(|known| known.trim() != line);
        let lines = lines.map(|line| if line.trim() == held { with } else { line });
        self.text = lines.collect::<Vec<_>>().join("\n");
        self
    }

    #[track_caller]
    pub fn write(&self, file: PathBuf) -> PathBuf {
        fs::write(&file, format!("{}\n", self.text.trim_end())).unwrap();
        file
    }
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

#[test]
fn an_example_is_replaced_where_it_counts_and_an_alternative_stands_in_place_of_its_line() {
    let shipped = || Shipped { name: "x", text: "# port 1\n#listen 2\nlisten 1\n".to_owned() };
    assert_eq!(shipped().put("1", "3").text, "# port 1\n#listen 2\nlisten 3");
    assert_eq!(shipped().take("listen 2", "listen 1").text, "# port 1\nlisten 2");
    for broken in
        [|shipped: Shipped| shipped.put("4", "3"), |shipped: Shipped| shipped.take("listen 4", "listen 1")]
    {
        assert!(std::panic::catch_unwind(|| broken(shipped())).is_err());
    }
}
