use super::*;
use std::io;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use serde_json::Value;

/// Keeps what is written.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What `say` comes to in the log.
fn logged(format: LogFormat, say: impl FnOnce()) -> String {
    let kept = Kept::default();
    let writer = kept.clone();
    let subscriber =
        subscriber(format, EnvFilter::new("trace"), move || writer.clone(), false, &Traces::default());
    tracing::subscriber::with_default(subscriber, say);
    String::from_utf8(kept.0.lock().unwrap().clone()).unwrap()
}

/// A value in each way in which one can be in a record.
fn say(text: &str) {
    let span = tracing::info_span!("session", session = "0123456789abcdef", user = %text, other = 1);
    let _inside = span.enter();
    tracing::warn!(event = %"refused", display = %text, debug = ?text, plain = text, other = 2, "about {text}");
}

fn hostile() -> Vec<String> {
    let long = "x".repeat(100_000);
    let invalid = String::from_utf8_lossy(b"a\xff\xfeb");
    [
        "a\nb",
        "\r\n",
        "\u{1b}[31mred\u{7}",
        "\"quoted\\\"",
        "\u{9b}31m\u{7f}\0",
        "\u{202e}drow\u{2028}x",
        &invalid,
        &long,
    ]
    .map(str::to_owned)
    .to_vec()
}

#[track_caller]
fn assert_one_object(text: &str) {
    let lines = logged(LogFormat::Json, || say(text));
    assert_eq!((lines.matches('\n').count(), lines.ends_with('\n')), (1, true), "{lines:?}");
    let line: Value = serde_json::from_str(&lines).unwrap();
    for field in ["display", "plain", "user"] {
        assert_eq!(line[field], text, "{field}");
    }
    assert_eq!(line["debug"], format!("{text:?}"));
    assert_eq!(line["message"], format!("about {text}"));
}

#[track_caller]
fn assert_one_line(text: &str) {
    let lines = logged(LogFormat::Text, || say(text));
    let line = lines.strip_suffix('\n').unwrap();
    assert!(!line.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{202e}')), "{line:?}");
}

#[test]
fn a_hostile_name_gives_one_valid_json_line() {
    hostile().iter().for_each(|text| assert_one_object(text));
}

#[test]
fn a_hostile_name_gives_one_line_of_text_without_control_characters() {
    hostile().iter().for_each(|text| assert_one_line(text));
}

proptest! {
    #[test]
    fn any_value_is_one_line_in_both_formats(text in any::<String>()) {
        assert_one_object(&text);
        assert_one_line(&text);
    }
}

#[test]
fn json_is_flat_and_a_line_inside_a_session_has_its_number() {
    let lines = logged(LogFormat::Json, || say("me"));
    let line: serde_json::Map<String, Value> = serde_json::from_str(&lines).unwrap();
    assert!(line.values().all(|value| !value.is_object() && !value.is_array()), "{lines}");
    assert_eq!(line["session"], "0123456789abcdef");
    assert_eq!(line["level"], "WARN");
    assert_eq!(line["other"], 2, "what the record says itself counts");
}

#[test]
fn times_are_in_utc() {
    let line: Value = serde_json::from_str(&logged(LogFormat::Json, || tracing::info!("x"))).unwrap();
    let text = logged(LogFormat::Text, || tracing::info!("x"));
    for time in [line["timestamp"].as_str().unwrap(), text.split(' ').next().unwrap()] {
        let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(shape, "0000-00-00T00:00:00.000000Z");
    }
}

#[test]
fn text_says_the_message_without_a_name_and_fields_with_one() {
    let line = logged(LogFormat::Text, || tracing::info!(a = 1, b = "x y", c = %"z", "said"));
    assert!(line.contains(" INFO said a=1 b=\"x y\" c=z"), "{line}");
}
