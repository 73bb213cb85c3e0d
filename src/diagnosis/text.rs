//! A diagnosis as a table for people: one line a step, and under it why and what to do. Colours are in the text as
//! escape sequences; whoever prints it leaves them out where it is no terminal.

use std::fmt::Write;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use super::escape::harmless;
use super::step::{Report, Status, Step};

/// Columns for a line, unless one word is longer: those of a terminal that nobody has changed.
const WIDTH: usize = 80;

/// Columns before what was found.
const FOUND: usize = 34;

/// Columns before advice, its word included.
const ADVICE: usize = 19;

/// The line before the steps of the configuration, or of an upstream.
pub fn heading(text: &str) -> String {
    let bold = Style::new().bold();
    format!("{bold}{}{bold:#}\n", harmless(text))
}

/// The lines of one step.
pub fn step(step: &Step) -> String {
    let style = style(step.status);
    let (status, name) = (step.status.word(), step.name.word());
    let took = step.took.map(time).unwrap_or_default();
    let mut lines = format!("  {style}{status:<7}{style:#}  {name:<10}  {took:>9}  ");
    wrapped(&mut lines, FOUND, &step.found);
    if let Some(advice) = &step.advice {
        told(&mut lines, "cause:", &advice.cause);
        told(&mut lines, "remedy:", &advice.remedy);
    }
    lines
}

/// One line for steps in a row that were skipped for the same reason: there is nothing to read in each of them.
pub fn skipped(steps: &[Step]) -> String {
    let Some(first) = steps.first() else { return String::new() };
    let style = style(Status::Skipped);
    let (status, name) = (Status::Skipped.word(), first.name.word());
    let names = if steps.len() > 1 { format!("{name} and after") } else { name.to_owned() };
    let mut lines = format!("  {style}{status:<7}  {names:<21}{style:#}  ");
    wrapped(&mut lines, FOUND, &first.found);
    lines
}

/// The last line.
pub fn verdict(report: &Report) -> String {
    let failed = report.upstreams.iter().filter_map(|upstream| Some((upstream, upstream.failure()?)));
    let failed: Vec<String> =
        failed.map(|(upstream, step)| format!("{} at {}", upstream.name, step.name.word())).collect();
    let steps = report.setting.iter().chain(report.upstreams.iter().flat_map(|upstream| &upstream.steps));
    let warnings = steps.filter(|step| step.status == Status::Warning).count();
    let warnings = match warnings {
        0 => String::new(),
        1 => ", 1 warning".to_owned(),
        many => format!(", {many} warnings"),
    };
    match failed.is_empty() {
        true => format!("all is well{warnings}"),
        false => format!("failed: {}{warnings}", failed.join(", ")),
    }
}

fn style(status: Status) -> Style {
    let colour = match status {
        Status::Ok => AnsiColor::Green,
        Status::Warning => AnsiColor::Yellow,
        Status::Failed => AnsiColor::Red,
        Status::Skipped => return Style::new().dimmed(),
    };
    Style::new().fg_color(Some(colour.into()))
}

fn time(took: Duration) -> String {
    match took.as_secs_f64() * 1000.0 {
        milliseconds if milliseconds < 1_000.0 => format!("{milliseconds:.1} ms"),
        milliseconds => format!("{:.1} s", milliseconds / 1000.0),
    }
}

/// A paragraph behind its word.
fn told(lines: &mut String, word: &str, text: &str) {
    let _ = write!(lines, "{:11}{word:<8}", "");
    wrapped(lines, ADVICE, text);
}

/// Text from the column `indent` on, in lines of [`WIDTH`] that all begin there, and the end of the last one.
fn wrapped(lines: &mut String, indent: usize, text: &str) {
    let mut column = indent;
    for (at, word) in harmless(text).split_whitespace().enumerate() {
        let length = word.chars().count();
        if at > 0 && column + 1 + length > WIDTH {
            let _ = write!(lines, "\n{:indent$}", "");
            column = indent;
        } else if at > 0 {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += length;
    }
    lines.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::step::{Advice, StepName};

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn the_columns_are_aligned_and_advice_is_wrapped() {
        let ok = Step::ok(StepName::Resolve, Some(Duration::from_micros(260)), "192.0.2.7");
        assert_eq!(plain(&step(&ok)), "  ok       resolve        0.3 ms  192.0.2.7\n");
        let advice = Advice::new("why ".repeat(40), "do this");
        let failed = Step::failed(StepName::Connect, Some(Duration::from_secs(10)), "no answer", advice);
        let text = plain(&step(&failed));
        assert!(
            text.starts_with("  failed   connect        10.0 s  no answer\n           cause:  why why"),
            "{text}"
        );
        assert!(text.lines().count() == 5 && text.lines().all(|line| line.len() <= WIDTH), "{text}");
        assert!(text.ends_with("           remedy: do this\n"), "{text}");
        let names = Step::ok(StepName::Sftp, None, "statvfs@openssh.com, ".repeat(9));
        let text = plain(&step(&names));
        let (first, rest) = text.split_once('\n').unwrap();
        assert!(
            first.len() <= WIDTH && first.starts_with("  ok       sftp                   statvfs"),
            "{text}"
        );
        assert!(rest.lines().all(|line| line.len() <= WIDTH && line.find('s') == Some(FOUND)), "{text}");
    }

    #[test]
    fn steps_that_were_skipped_take_one_line() {
        let names = [StepName::Methods, StepName::Login, StepName::Algorithms];
        let [methods, login, algorithms] = names.map(|name| Step::skipped(name, "not reached"));
        assert_eq!(plain(&skipped(&[login])), "  skipped  login                  not reached\n");
        let text = plain(&skipped(&[algorithms, methods]));
        assert_eq!(text, "  skipped  algorithms and after   not reached\n");
    }

    #[test]
    fn what_a_server_says_drives_no_terminal() {
        let advice = Advice::new("\x1b]0;evil\x07", "\x1b[2J");
        let text = step(&Step::failed(StepName::Version, None, "\x1b[31m\r\n", advice));
        assert!(!plain(&text).contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
        assert!(plain(&text).contains(r"\u{1b}[31m\r\n"), "{text:?}");
    }
}
