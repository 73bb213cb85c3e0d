mod answers;
mod lies;
mod model;
mod packets;
mod requests;
mod transfers;

use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use self::packets::{close, handle, ok, open};
use super::*;
use crate::audit::record::Record;

/// A ledger, and everything that it has recorded.
struct Scene {
    ledger: Ledger<()>,
    now: Instant,
    records: Vec<Json>,
}

impl Scene {
    fn new() -> Self {
        Self { ledger: Ledger::new(), now: Instant::now(), records: Vec::new() }
    }

    fn take(&mut self, due: Vec<Due<()>>) {
        for (entry, _) in due {
            let mut line = Vec::new();
            let record = Record::new(std::time::SystemTime::UNIX_EPOCH, &Vec::new().into(), entry);
            record.write(LONGEST_NAME, &mut line);
            let mut record: Json = serde_json::from_slice(&line).unwrap();
            record.as_object_mut().unwrap().remove("time");
            self.records.push(record);
        }
    }

    fn ask(&mut self, request: &Packet) -> &mut Self {
        self.ledger.request(request, None);
        self
    }

    fn answer(&mut self, response: &Packet) -> &mut Self {
        let mut due = Vec::new();
        self.ledger.response(response, self.now, &mut due);
        self.take(due);
        self
    }

    /// A request with its answer.
    fn call(&mut self, request: &Packet, response: &Packet) -> &mut Self {
        self.ask(request).answer(response)
    }

    fn opened(&mut self, name: &str, path: &str, flags: u32) -> &mut Self {
        self.call(&open(90, path, flags), &handle(90, name))
    }

    fn closed(&mut self, name: &str) -> &mut Self {
        self.call(&close(91, name), &ok(91))
    }

    fn end(&mut self) -> &mut Self {
        let due = self.ledger.end(self.now);
        self.take(due);
        self
    }

    #[track_caller]
    fn last(&self) -> &Json {
        self.records.last().expect("a record")
    }
}

fn hex(data: impl AsRef<[u8]>) -> String {
    Sha256::digest(data).iter().map(|byte| format!("{byte:02x}")).collect()
}
