//! Stall, idle, lifetime and silence, with the time under control.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_side_that_takes_nothing_for_the_stall_time_ends_the_session() {
    let stall = Clocks { stall: Some(Duration::from_secs(60)), ..clocks() };
    let mut rig = rig_with(64, stall.clone(), ());
    rig.greet().await;
    let before = tokio::time::Instant::now();
    rig.client.write_all(&request(PacketType::WRITE, 1, &[0; 100])).await.unwrap();
    let more = request(PacketType::WRITE, 2, &[0; 100]);
    let _ = tokio::time::timeout(Duration::from_secs(20), rig.client.write_all(&more)).await;
    let ended = rig.pump.await.unwrap();
    assert!(matches!(ended, Ended::Stalled(Side::Upstream)), "{ended}");
    assert!((60..80).contains(&before.elapsed().as_secs()), "{:?}", before.elapsed());

    let mut rig = rig_with(64, stall, ());
    rig.greet().await;
    for id in 0..10 {
        let answer = status(id, StatusCode::OK, "twenty bytes of text");
        let _ = tokio::time::timeout(Duration::from_secs(1), rig.upstream.write_all(answer.as_bytes())).await;
    }
    let ended = rig.pump.await.unwrap();
    assert!(matches!(ended, Ended::Stalled(Side::Client)), "{ended}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_side_that_moves_is_not_stalled() {
    let mut rig = rig_with(64, Clocks { stall: Some(Duration::from_secs(60)), ..clocks() }, ());
    rig.greet().await;
    for id in 0..10 {
        rig.ask(id).await;
        tokio::time::sleep(Duration::from_secs(50)).await;
    }
    assert!(!rig.pump.is_finished());
}

#[tokio::test(start_paused = true)]
async fn idle_and_lifetime_end_a_session_in_time() {
    let mut rig = rig_with(64, Clocks { idle: Some(Duration::from_secs(900)), ..clocks() }, ());
    rig.greet().await;
    tokio::time::sleep(Duration::from_secs(800)).await;
    rig.ask(1).await;
    let answer = status(1, StatusCode::OK, "");
    rig.upstream.write_all(answer.as_bytes()).await.unwrap();
    let before = tokio::time::Instant::now();
    assert_eq!(rig.upstream.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(before.elapsed().as_secs(), 900);
    drop(rig.upstream);
    assert!(matches!(rig.pump.await.unwrap(), Ended::Idle));

    let mut rig = rig_with(64, Clocks { lifetime: Some(Duration::from_secs(3600)), ..clocks() }, ());
    rig.greet().await;
    let before = tokio::time::Instant::now();
    assert_eq!(rig.upstream.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(before.elapsed().as_secs(), 3600);
    drop(rig.upstream);
    assert!(matches!(rig.pump.await.unwrap(), Ended::Lifetime));
}

#[tokio::test(start_paused = true)]
async fn silence_is_death_only_while_the_peer_is_being_listened_to() {
    let mut rig = rig_with(64, Clocks { keepalive: Some(Duration::from_secs(25)), ..clocks() }, ());
    rig.greet().await;
    tokio::time::sleep(Duration::from_secs(70)).await;
    rig.progress.heard();
    tokio::time::sleep(Duration::from_secs(70)).await;
    assert!(!rig.pump.is_finished(), "a pong counts");
    let blocked = request(PacketType::WRITE, 1, &[0; 500]);
    let _ = tokio::time::timeout(Duration::from_secs(1), rig.client.write_all(&blocked)).await;
    tokio::time::sleep(Duration::from_secs(200)).await;
    assert!(!rig.pump.is_finished(), "a client that is not read cannot be heard");
    let mut sink = vec![0; 4096];
    while let Ok(Ok(_)) = tokio::time::timeout(Duration::from_secs(1), rig.upstream.read(&mut sink)).await {}
    let ended = rig.pump.await.unwrap();
    assert!(matches!(ended, Ended::Silent(Side::Client)), "{ended}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_is_blamed_even_when_its_requests_pile_up() {
    let stall = Clocks { stall: Some(Duration::from_secs(60)), ..clocks() };
    let mut rig = rig_with(64, stall, Deny(PacketType::REMOVE));
    rig.greet().await;
    let flood = async {
        for id in 0.. {
            rig.client.write_all(&request(PacketType::REMOVE, id, b"\0\0\0\x01a")).await.unwrap();
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(50), flood).await;
    let ended = rig.pump.await.unwrap();
    assert!(matches!(ended, Ended::Stalled(Side::Client)), "{ended}");
}
