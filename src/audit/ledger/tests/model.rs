//! Any order of requests and answers, against a naive model.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::packets::*;
use super::*;

/// What a client does next, or which of the answers that are due comes next.
#[derive(Debug, Clone)]
enum Step {
    Open { path: u8, fails: bool },
    Write { file: usize, length: u8, fails: bool },
    Read { file: usize, length: u8 },
    Close { file: usize },
    Remove { path: u8, fails: bool },
    Stat,
    Answer(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => (any::<u8>(), prop::bool::weighted(0.2)).prop_map(|(path, fails)| Step::Open { path, fails }),
        3 => (0..8usize, any::<u8>(), prop::bool::weighted(0.2))
            .prop_map(|(file, length, fails)| Step::Write { file, length, fails }),
        2 => (0..8usize, any::<u8>()).prop_map(|(file, length)| Step::Read { file, length }),
        2 => (0..8usize).prop_map(|file| Step::Close { file }),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(path, fails)| Step::Remove { path, fails }),
        1 => Just(Step::Stat),
        8 => (0..12usize).prop_map(Step::Answer),
    ];
    prop::collection::vec(step, 0..120)
}

/// What the naive model knows of a file.
#[derive(Debug, Default)]
struct Truth {
    path: String,
    handle: Option<String>,
    read: u64,
    written: u64,
    waiting: usize,
    /// Sent CLOSE; and that was answered.
    closing: bool,
    closed: bool,
    told: bool,
}

type Effect = Box<dyn FnOnce(&mut Vec<Truth>) -> Option<Json>>;

/// A server that does at once what it is asked, gives away the lowest handle that is free, and answers in any order.
#[derive(Default)]
struct Model {
    files: Vec<Truth>,
    busy: Vec<usize>,
    due: Vec<(u32, Packet, Effect)>,
    asked: u32,
}

impl Model {
    /// Few ids, so that they come again while they are in use.
    fn id(&mut self) -> u32 {
        self.asked += 1;
        self.asked % 5
    }

    /// A file that the client knows the handle of, and has not closed.
    fn usable(&self, number: usize) -> Option<(usize, String)> {
        let usable: Vec<_> = self.files.iter().enumerate().filter(|(_, f)| !f.closing).collect();
        let (number, file) = usable.get(number % usable.len().max(1))?;
        Some((*number, file.handle.clone()?))
    }

    fn step(&mut self, step: &Step, scene: &mut Scene) -> Vec<Json> {
        let id = match step {
            Step::Answer(_) => 0,
            _ => self.id(),
        };
        let (request, response, effect): (Packet, Packet, Effect) = match *step {
            Step::Answer(which) => return self.answer(which, scene),
            Step::Open { path, fails } => self.open(id, format!("/{path}"), fails),
            Step::Remove { path, fails } => {
                let path = format!("/{path}");
                let record = json!({"event": "remove", "path": path, "ok": !fails});
                let response = if fails { failed(id, 2) } else { ok(id) };
                (remove(id, &path), response, Box::new(move |_| Some(record)))
            }
            Step::Stat => (named(17, id, "/"), failed(id, 2), Box::new(|_| None)),
            Step::Write { file, length, fails } => {
                let Some((number, name)) = self.usable(file) else { return Vec::new() };
                self.files[number].waiting += 1;
                let effect = move |files: &mut Vec<Truth>| {
                    files[number].waiting -= 1;
                    files[number].written += if fails { 0 } else { u64::from(length) };
                    over(&mut files[number])
                };
                let response = if fails { failed(id, 4) } else { ok(id) };
                (write(id, &name, 7, vec![0; length.into()]), response, Box::new(effect))
            }
            Step::Read { file, length } => {
                let Some((number, name)) = self.usable(file) else { return Vec::new() };
                self.files[number].waiting += 1;
                let effect = move |files: &mut Vec<Truth>| {
                    files[number].waiting -= 1;
                    files[number].read += u64::from(length);
                    over(&mut files[number])
                };
                (read(id, &name, 0), data(id, vec![0; length.into()]), Box::new(effect))
            }
            Step::Close { file } => {
                let Some((number, name)) = self.usable(file) else { return Vec::new() };
                self.files[number].closing = true;
                self.busy.retain(|busy| busy.to_string() != name);
                let effect = move |files: &mut Vec<Truth>| {
                    files[number].closed = true;
                    over(&mut files[number])
                };
                (close(id, &name), ok(id), Box::new(effect))
            }
        };
        scene.ask(&request);
        self.due.push((id, response, effect));
        Vec::new()
    }

    fn open(&mut self, id: u32, path: String, fails: bool) -> (Packet, Packet, Effect) {
        let request = open(id, &path, PUT);
        let record = json!({"event": "open", "path": path, "ok": !fails});
        if fails {
            return (request, failed(id, 3), Box::new(move |_| Some(record)));
        }
        let lowest = (0..).find(|number| !self.busy.contains(number)).unwrap();
        self.busy.push(lowest);
        let effect = move |files: &mut Vec<Truth>| {
            files.push(Truth { path, handle: Some(lowest.to_string()), ..Truth::default() });
            Some(record)
        };
        (request, handle(id, lowest.to_string()), Box::new(effect))
    }

    /// Answers to one id keep their order.
    fn answer(&mut self, which: usize, scene: &mut Scene) -> Vec<Json> {
        let Some((id, ..)) = self.due.get(which % self.due.len().max(1)) else { return Vec::new() };
        let first = self.due.iter().position(|(other, ..)| other == id).unwrap();
        let (_, response, effect) = self.due.remove(first);
        scene.answer(&response);
        effect(&mut self.files).into_iter().collect()
    }
}

fn over(file: &mut Truth) -> Option<Json> {
    if file.told || !file.closed || file.waiting > 0 {
        return None;
    }
    file.told = true;
    Some(json!({"event": "close", "path": file.path, "ok": true, "read": file.read, "written": file.written}))
}

/// A record with what the model knows.
fn plain(record: &Json) -> Json {
    let mut plain = json!({"event": record["event"], "path": record["path"], "ok": record["result"] == "ok"});
    if record["event"] == "close" {
        plain["read"] = record["bytes_read"].clone();
        plain["written"] = record["bytes_written"].clone();
    }
    plain
}

proptest! {
    #[test]
    fn whatever_the_order_of_answers_the_records_are_those_of_a_naive_model(steps in steps()) {
        let (mut scene, mut model) = (Scene::new(), Model::default());
        let mut expected = Vec::new();
        for step in &steps {
            expected.extend(model.step(step, &mut scene));
        }
        prop_assert_eq!(scene.records.iter().map(plain).collect::<Vec<_>>(), expected);
        // What is open at the end, by whatever handles.
        let unanswered = model.due.len() as u64;
        scene.records.clear();
        scene.end();
        prop_assert_eq!(scene.ledger.counts, Counts { unanswered, ..Counts::default() });
        let mut left: Vec<_> = model.files.iter().filter(|file| !file.told).map(|file| {
            json!({"path": file.path, "read": file.read, "written": file.written, "forced": !file.closing})
        }).collect();
        let mut told: Vec<_> = scene.records.iter().filter(|record| record["event"] == "close").map(|record| {
            json!({"path": record["path"], "read": record["bytes_read"], "written": record["bytes_written"],
                   "forced": record["forced"] == true})
        }).collect();
        left.sort_by_key(ToString::to_string);
        told.sort_by_key(ToString::to_string);
        prop_assert_eq!(told, left);
        prop_assert_eq!(scene.ledger.names, 0);
    }
}
