//! The one who writes: a thread of its own, so that a slow disk holds up no session.

use std::sync::Arc;
use std::time::Duration;
use std::{io, thread};

use tokio::runtime::Builder;
use tokio::sync::mpsc::Receiver;
use tokio::time::sleep;

use super::batch::Batch;
use super::queue::{TELL, Tally};
use super::record::Record;
use super::sink::Sink;

/// Pauses between tries where no record may be lost.
const PAUSES: std::ops::RangeInclusive<Duration> = Duration::from_millis(50)..=Duration::from_secs(1);

/// Takes records from the queue to the sink.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) sink: Sink,
    pub(super) records: Receiver<Record>,
    pub(super) tally: Arc<Tally>,
    /// Whether a record that cannot be written is tried again for ever.
    pub(super) required: bool,
}

impl Writer {
    /// Starts the thread, which ends when the queue has no other end any more.
    pub(super) fn start(self) -> io::Result<()> {
        let runtime = Builder::new_current_thread().enable_time().build()?;
        thread::Builder::new().name("audit".to_owned()).spawn(move || runtime.block_on(self.run()))?;
        Ok(())
    }

    async fn run(mut self) {
        let mut batch = Batch::default();
        loop {
            let record = tokio::select! {
                biased;
                () = self.tally.reopen.notified() => {
                    self.reopen(&mut batch);
                    continue;
                }
                record = self.records.recv() => record,
                () = sleep(TELL), if self.tally.has_untold() => {
                    self.tally.tell();
                    continue;
                }
            };
            let Some(record) = record else { return };
            batch.push(&record, self.sink.longest());
            while batch.has_room()
                && let Ok(record) = self.records.try_recv()
            {
                batch.push(&record, self.sink.longest());
            }
            self.write(&mut batch).await;
        }
    }

    /// Writes the batch, or what can be written of it.
    async fn write(&mut self, batch: &mut Batch) {
        let mut pause = *PAUSES.start();
        let mut told = false;
        loop {
            let outcome = self.sink.write(batch);
            self.tally.settle(batch.settle());
            let Err(error) = outcome else {
                if told {
                    tracing::info!(event = %"audit_written", "the audit log takes records again");
                }
                return;
            };
            if !self.required {
                let lost = batch.give_up();
                self.tally.lost(lost, &error);
                self.tally.settle(lost);
                return;
            }
            if !std::mem::replace(&mut told, true) {
                tracing::error!(event = %"audit_stuck", %error, "the audit log takes no records; requests wait for it");
            }
            tokio::select! {
                () = sleep(pause) => {}
                () = self.tally.reopen.notified() => self.reopen(batch),
            }
            pause = (pause * 2).min(*PAUSES.end());
        }
    }

    fn reopen(&mut self, batch: &mut Batch) {
        match self.sink.reopen() {
            Ok(false) => {}
            Ok(true) => {
                batch.start_over();
                tracing::info!(event = %"audit_reopened");
            }
            Err(error) => {
                tracing::error!(event = %"audit_reopen_failed", %error, "the audit log goes on where it was");
            }
        }
    }
}
