//! The places of the queue, where records are required: how sessions share them.

use super::*;

/// Takes every place that is left.
fn hog(audit: &Audit) -> Vec<queue::Place> {
    let queue = audit.queue.as_ref().unwrap();
    std::iter::from_fn(|| queue.place().now_or_never()).collect()
}

#[tokio::test]
async fn however_many_sessions_hold_what_they_can_there_is_a_place_for_another() {
    let audit = start(AuditSink::File("/dev/null".into()), true);
    let mut greedy = Vec::new();
    for _ in 0..64 {
        let (mut observer, ending) = audit.session(&SUBJECT, ());
        let first = call_when_ready(&mut observer, 0);
        tokio::time::timeout(LONG, first).await.expect("nobody answers the others");
        for id in 1.. {
            match poll(&mut observer, &remove(id)) {
                Poll::Ready(()) => assert_eq!(observer.request(&remove(id)), Verdict::Forward),
                Poll::Pending => break,
            }
        }
        greedy.push((observer, ending));
    }
    let (mut observer, _ending) = audit.session(&SUBJECT, ());
    let served = async {
        for id in 0..100 {
            call_when_ready(&mut observer, id).await;
        }
    };
    tokio::time::timeout(LONG, served).await.expect("nobody answers the others");
}

#[tokio::test]
async fn what_nobody_asked_for_waits_for_a_place_and_the_end_waits_while_holding_none() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.jsonl");
    let audit = start(AuditSink::File(path.clone()), true);
    let (mut observer, ending) = audit.session(&SUBJECT, ());
    call_when_ready(&mut observer, 1).await;
    let flags = [&named(3, 0, "/a").into_bytes()[9..], &[0, 0, 0, 1, 0, 0, 0, 0]].concat();
    for id in [2, 3] {
        let open = [&[0, 0, 0, 5 + flags.len() as u8, 3], &u32::to_be_bytes(id)[..], &flags].concat();
        let open = Packet::parse(Bytes::from(open)).unwrap();
        poll_fn(|cx| observer.poll_ready(&open, cx)).await;
        assert_eq!(observer.request(&open), Verdict::Forward);
    }
    let request = remove(4);
    poll_fn(|cx| observer.poll_ready(&request, cx)).await;
    observer.request(&request);
    audit.flush(LONG).await;
    let hogged = hog(&audit);
    // The same handle again: whatever had it is closed.
    observer.response(&named(102, 2, "h"));
    observer.response(&named(102, 3, "h"));
    drop(observer);
    tokio::time::timeout(LONG, ending.record(&END)).await.expect("its own place is enough");
    drop(hogged);
    audit.flush(LONG).await;
    let lines = lines(&path);
    let events: Vec<_> = lines.iter().filter_map(|line| line["event"].as_str()).collect();
    let last = ["open", "open", "close", "remove", "close", "session_end"];
    assert_eq!(events, [&["login", "session_start", "remove"][..], &last].concat());
    assert_eq!(audit.queue.as_ref().unwrap().tally.all_lost(), 0);
}
