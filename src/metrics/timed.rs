//! How long the upstream takes for its answers, and how much passes.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use metrics::Histogram;

use super::class::Class;
use super::series;
use super::traffic::Traffic;
use crate::pump::{Observer, Progress, Verdict};
use crate::sftp::{Packet, Pending};

/// Requests of a session that are timed at once. Those beyond it pass, and are not measured.
const MOST: usize = 1024;

/// Measures what is forwarded to the upstream: not what `judge` answers in its place.
///
/// The handles are taken once, when the session begins: a lookup for each packet would cost more than all the rest.
#[derive(Debug)]
pub struct Timed<O> {
    judge: O,
    pending: Pending<(Class, Instant)>,
    times: [Histogram; Class::ALL.len()],
    traffic: Traffic,
}

impl<O: Observer> Timed<O> {
    /// Measures what passes `judge`, and counts by `progress`.
    pub fn new(judge: O, progress: Arc<Progress>) -> Self {
        let times =
            Class::ALL.map(|class| metrics::histogram!(series::REQUEST_DURATION, "class" => class.name()));
        Self { judge, pending: Pending::new(MOST), times, traffic: Traffic::of(progress) }
    }

    fn asked(&mut self, class: Class, request: &Packet) {
        if let Some(id) = request.id() {
            let now = Instant::now();
            self.traffic.tell_if_due(now);
            let _ = self.pending.asked(id, (class, now));
        }
    }
}

impl<O: Observer> Observer for Timed<O> {
    fn poll_ready(&mut self, request: &Packet, cx: &mut Context<'_>) -> Poll<()> {
        self.judge.poll_ready(request, cx)
    }

    fn request(&mut self, packet: &Packet) -> Verdict {
        let verdict = self.judge.request(packet);
        if verdict == Verdict::Forward
            && let Some(class) = Class::of(packet)
        {
            self.asked(class, packet);
        }
        verdict
    }

    fn response(&mut self, packet: &Packet) {
        self.judge.response(packet);
        let answered = packet.id().filter(|_| packet.kind().is_response());
        let Some((class, asked)) = answered.and_then(|id| self.pending.answered(id)) else { return };
        let now = Instant::now();
        if let Some(times) = self.times.get(class as usize) {
            times.record(now.saturating_duration_since(asked));
        }
        if self.pending.is_empty() {
            self.traffic.tell(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::recorder::recorded;
    use bytes::Bytes;

    fn packet(kind: u8, id: u32) -> Packet {
        let mut bytes = vec![0, 0, 0, 5, kind];
        bytes.extend(id.to_be_bytes());
        Packet::parse(Bytes::from(bytes)).unwrap()
    }

    /// Answers every REMOVE itself.
    struct NoRemove;

    impl Observer for NoRemove {
        fn request(&mut self, packet: &Packet) -> Verdict {
            if packet.kind().0 == 13 { Verdict::Answer(packet.clone()) } else { Verdict::Forward }
        }
    }

    #[track_caller]
    fn count(text: &str, class: &str) -> usize {
        let line = format!("sftpbridge_request_duration_seconds_count{{class=\"{class}\"}} ");
        text.lines().find_map(|found| found.strip_prefix(&line)).unwrap().parse().unwrap()
    }

    #[test]
    fn what_is_forwarded_and_answered_is_timed_by_its_class_and_nothing_else_is() {
        let (recorder, exporter) = recorded();
        metrics::with_local_recorder(&recorder, || {
            let mut timed = Timed::new(NoRemove, Arc::default());
            for (kind, id) in [(5, 1), (5, 2), (6, 3), (13, 4), (99, 5), (17, 6)] {
                timed.request(&packet(kind, id));
            }
            // Data twice, a status for the write, one for nobody's request and one for an unknown type's.
            for (kind, id) in [(103, 2), (103, 1), (101, 3), (101, 77), (101, 5), (101, 4)] {
                timed.response(&packet(kind, id));
            }
            let text = exporter.render();
            let counts = ["read", "write", "change", "stat", "other"].map(|class| count(&text, class));
            assert_eq!(counts, [2, 1, 0, 0, 0]);
        });
    }

    #[test]
    fn a_client_that_asks_without_end_costs_no_more_memory() {
        let mut timed = Timed::new((), Arc::default());
        for id in 0..10 * MOST as u32 {
            timed.request(&packet(5, id));
        }
        assert!(timed.pending.is_full());
    }
}
