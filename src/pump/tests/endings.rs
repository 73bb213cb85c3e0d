//! Who is told what, and when, once one side has ended.

use super::*;

#[tokio::test(start_paused = true)]
async fn eof_reaches_the_upstream_only_after_the_last_answer() {
    let mut rig = rig();
    rig.greet().await;
    rig.ask(1).await;
    rig.ask(2).await;
    rig.client.shutdown().await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    for id in [2, 1] {
        let mut byte = [0];
        let eof = tokio::time::timeout(Duration::from_millis(10), rig.upstream.read(&mut byte)).await;
        assert!(eof.is_err(), "EOF while request {id} is unanswered");
        let answer = status(id, StatusCode::OK, "");
        let (sent, received) =
            tokio::join!(rig.upstream.write_all(answer.as_bytes()), read_packet(&mut rig.client));
        sent.unwrap();
        assert_eq!(received, answer.as_bytes(), "a client that only stopped asking still gets its answers");
    }
    assert_eq!(rig.upstream.read(&mut [0]).await.unwrap(), 0, "EOF after the last answer");
    drop(rig.upstream);
    assert!(matches!(rig.pump.await.unwrap(), Ended::Finished(Side::Client)));
}

#[tokio::test(start_paused = true)]
async fn requests_that_arrive_together_with_the_end_are_sent_before_it() {
    let mut rig = rig_with(4096, clocks(), ());
    let stat = request(PacketType::STAT, 1, b"\0\0\0\x01/");
    rig.client.write_all(&[INIT, &stat].concat()).await.unwrap();
    rig.client.shutdown().await.unwrap();
    let before = tokio::time::Instant::now();
    assert_eq!(read_packet(&mut rig.upstream).await, INIT);
    assert_eq!(read_packet(&mut rig.upstream).await, stat);
    assert!(before.elapsed().is_zero(), "and not only once linger is over");
}

#[tokio::test(start_paused = true)]
async fn answers_that_never_come_are_waited_for_no_longer_than_linger() {
    let mut rig = rig();
    rig.greet().await;
    rig.ask(1).await;
    let before = tokio::time::Instant::now();
    rig.client.shutdown().await.unwrap();
    assert_eq!(rig.upstream.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(before.elapsed().as_secs(), 5);
    assert!(matches!(rig.pump.await.unwrap(), Ended::Unanswered { requests: 1 }));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_vanished_still_gets_its_requests_answered_upstream() {
    let mut rig = rig_with(1024, clocks(), ());
    rig.greet().await;
    rig.ask(1).await;
    drop(rig.client);
    let answer = status(1, StatusCode::OK, "");
    rig.upstream.write_all(answer.as_bytes()).await.unwrap();
    assert_eq!(rig.upstream.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(rig.progress.unanswered(), 0);
    drop(rig.upstream);
    assert!(matches!(rig.pump.await.unwrap(), Ended::Finished(Side::Client) | Ended::Lost { .. }));
}

#[tokio::test]
async fn an_upstream_that_ends_with_nothing_owed_has_closed() {
    let mut rig = rig();
    rig.greet().await;
    drop(rig.upstream);
    assert!(matches!(rig.pump.await.unwrap(), Ended::Finished(Side::Upstream)));
}

#[tokio::test]
async fn an_upstream_that_ends_with_requests_unanswered_has_failed() {
    let mut rig = rig();
    rig.greet().await;
    rig.ask(1).await;
    drop(rig.upstream);
    assert!(matches!(rig.pump.await.unwrap(), Ended::Unanswered { requests: 1 }));
}

#[tokio::test]
async fn a_stream_that_ends_inside_a_packet_is_truncated() {
    let mut rig = rig();
    rig.greet().await;
    rig.client.write_all(&request(PacketType::STAT, 1, b"\0\0\0\x01/")[..7]).await.unwrap();
    rig.client.shutdown().await.unwrap();
    assert_eq!(rig.upstream.read(&mut [0]).await.unwrap(), 0);
    drop(rig.upstream);
    let ended = rig.pump.await.unwrap();
    assert!(matches!(ended, Ended::Violation { side: Side::Client, violation: Violation::Truncated }));
}

#[tokio::test(start_paused = true)]
async fn a_drain_lets_the_answers_out_first() {
    let mut rig = rig();
    rig.greet().await;
    rig.ask(1).await;
    rig.stop.cancel();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let answer = status(1, StatusCode::OK, "");
    let (sent, received) =
        tokio::join!(rig.upstream.write_all(answer.as_bytes()), read_packet(&mut rig.client));
    sent.unwrap();
    assert_eq!(received, answer.as_bytes());
    assert_eq!(rig.upstream.read(&mut [0]).await.unwrap(), 0);
    drop(rig.upstream);
    assert!(matches!(rig.pump.await.unwrap(), Ended::Draining));
}

#[tokio::test(start_paused = true)]
async fn an_upstream_lost_while_it_owes_answers_is_not_the_clients_end() {
    let mut rig = rig();
    rig.greet().await;
    rig.ask(1).await;
    rig.client.shutdown().await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    // Half a packet, then nothing: not an orderly end.
    rig.upstream.write_all(b"\0\0\0\x09").await.unwrap();
    drop(rig.upstream);
    let ended = rig.pump.await.unwrap();
    assert!(!matches!(ended, Ended::Finished(Side::Client)), "{ended}, with an answer owed");
}

#[tokio::test]
async fn an_answer_to_an_unknown_request_does_not_hide_what_is_owed() {
    let mut rig = rig_with(64, clocks(), ());
    rig.greet().await;
    let unknown = request(PacketType(99), 5, b"");
    rig.client.write_all(&unknown).await.unwrap();
    assert_eq!(read_packet(&mut rig.upstream).await, unknown);
    rig.ask(1).await;
    let unsupported = status(5, StatusCode(8), "");
    rig.upstream.write_all(unsupported.as_bytes()).await.unwrap();
    assert_eq!(read_packet(&mut rig.client).await, unsupported.as_bytes());
    assert_eq!(rig.progress.unanswered(), 1, "request 1 has no answer yet");
}

#[tokio::test]
async fn answers_that_nobody_asked_for_do_not_hide_what_is_owed() {
    let mut rig = rig();
    rig.greet().await;
    let stray = status(9, StatusCode::OK, "");
    rig.upstream.write_all(stray.as_bytes()).await.unwrap();
    assert_eq!(read_packet(&mut rig.client).await, stray.as_bytes());
    rig.ask(1).await;
    assert_eq!(rig.progress.unanswered(), 1);
}
