//! A login that outlives its channel.

use std::time::Duration;

use rustix::process::Signal;
use sftpbridge::pump::{PacketSink, Packets};
use sftpbridge::sftp::Packet;
use tokio::time::timeout;

use super::{assert_alive, password, upstream, with};
use crate::support::process::signal_process;
use crate::support::sshd::{Sshd, Subsystem};
use crate::support::user::User;
use crate::support::wait::SOON;

#[tokio::test]
async fn three_channels_one_after_the_other_take_one_login() {
    let sshd = Sshd::start();
    let mut connection = upstream(sshd.port).open(&User::read().name, &password()).await.unwrap();
    for _ in 0..3 {
        assert_alive(&mut connection).await;
        let mut idle = connection.release().await.unwrap();
        assert!(timeout(Duration::from_millis(200), idle.ended()).await.is_err());
        assert_eq!(sshd.sftp_servers(), []);
        connection = idle.reopen().await.unwrap();
    }
    assert_alive(&mut connection).await;
    assert_eq!(sshd.accepted().len(), 1);
    assert_eq!(sshd.connections(), 1);
    connection.release().await.unwrap().close().await;
    sshd.wait_idle();
}

#[tokio::test]
async fn a_channel_is_given_back_after_its_end_was_said_by_either_side() {
    let sshd = Sshd::start();
    let mut connection = upstream(sshd.port).open(&User::read().name, &password()).await.unwrap();
    connection.end.sink.finish().await.unwrap();
    while connection.end.packets.next().await.is_ok() {}
    let mut connection = connection.release().await.unwrap().reopen().await.unwrap();
    assert_alive(&mut connection).await;
    signal_process(sshd.sftp_server(), Signal::KILL);
    while connection.end.packets.next().await.is_ok() {}
    let mut connection = connection.release().await.unwrap().reopen().await.unwrap();
    assert_alive(&mut connection).await;
    assert_eq!(sshd.accepted().len(), 1);
}

#[tokio::test]
async fn answers_that_nobody_reads_do_not_hold_the_channel() {
    let sshd = Sshd::start();
    let mut connection = upstream(sshd.port).open(&User::read().name, &password()).await.unwrap();
    assert_alive(&mut connection).await;
    // REALPATH of ".", often.
    let request = Packet::parse(vec![0, 0, 0, 10, 16, 0, 0, 0, 1, 0, 0, 0, 1, b'.'].into()).unwrap();
    let flood = async {
        loop {
            connection.end.sink.feed(request.clone()).await.unwrap();
        }
    };
    let _: Result<(), _> = timeout(Duration::from_secs(1), flood).await;
    let mut connection = connection.release().await.unwrap().reopen().await.unwrap();
    assert_alive(&mut connection).await;
}

#[tokio::test]
async fn a_server_that_does_not_close_the_channel_is_given_up() {
    // Longer than anybody waits here, and soon gone: nobody is left to kill it.
    let sshd = Sshd::with(Subsystem::Script("exec sleep 8"));
    let connection = upstream(sshd.port).open(&User::read().name, &password()).await.unwrap();
    timeout(Duration::from_secs(5), connection.release()).await.unwrap().unwrap_err();
    drop(sshd);
}

#[tokio::test]
async fn the_death_of_an_idle_connection_is_noticed_and_it_does_not_reopen() {
    let sshd = Sshd::start();
    let connection = upstream(sshd.port).open(&User::read().name, &password()).await.unwrap();
    let mut idle = connection.release().await.unwrap();
    sshd.kill_sessions();
    timeout(SOON, idle.ended()).await.unwrap();
    idle.ended().await;
    idle.reopen().await.unwrap_err();
}

#[tokio::test]
async fn a_dead_connection_is_not_given_back() {
    let sshd = Sshd::start();
    let connection = upstream(sshd.port).open(&User::read().name, &password()).await.unwrap();
    sshd.kill_sessions();
    connection.release().await.unwrap_err();
}

#[tokio::test]
async fn keepalives_go_on_without_a_channel() {
    let sshd = Sshd::options().config("LogLevel DEBUG3").start();
    let upstream = with(sshd.port, |settings| settings.keepalive = Duration::from_secs(1));
    let connection = upstream.open(&User::read().name, &password()).await.unwrap();
    let idle = connection.release().await.unwrap();
    let before = keepalives(&sshd);
    let seen = async {
        while keepalives(&sshd) < before + 2 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(SOON, seen).await.unwrap();
    idle.close().await;
}

fn keepalives(sshd: &Sshd) -> usize {
    sshd.log().matches("keepalive@openssh.com").count()
}
