//! Logging in, what a connection may ask for, and how it ends.

use russh::ChannelMsg;
use russh::client::AuthResult;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Demo, PATIENCE, granted};
use crate::fingerprint::Fingerprint;

#[tokio::test]
async fn only_the_right_user_with_the_right_password_gets_in() {
    let demo = Demo::start().await;
    for (user, password) in [("demo", "wrong"), ("demo", ""), ("root", "correct horse"), ("", "")] {
        let result = demo.connect().await.authenticate_password(user, password).await.unwrap();
        let AuthResult::Failure { remaining_methods, .. } = result else { panic!("{user} got in") };
        assert_eq!(&*remaining_methods, [russh::MethodKind::Password]);
    }
    demo.login().await;
}

#[tokio::test]
async fn other_methods_are_refused() {
    let demo = Demo::start().await;
    let mut connection = demo.connect().await;
    assert!(!connection.authenticate_none("demo").await.unwrap().success());
    let mut connection = demo.connect().await;
    let reply = connection.authenticate_keyboard_interactive_start("demo", None).await;
    assert!(matches!(reply, Ok(russh::client::KeyboardInteractiveAuthResponse::Failure { .. }) | Err(_)));
}

#[tokio::test]
async fn guessing_is_cut_off() {
    let demo = Demo::start().await;
    let mut connection = demo.connect().await;
    for _ in 0..super::super::ssh::MAX_ATTEMPTS {
        assert!(!connection.authenticate_password("demo", "wrong").await.unwrap().success());
    }
    let right = connection.authenticate_password("demo", "correct horse").await;
    assert!(!matches!(right, Ok(AuthResult::Success)));
}

#[tokio::test]
async fn nothing_but_the_sftp_subsystem_is_granted() {
    let demo = Demo::start().await;
    let connection = demo.login().await;
    let mut channel = connection.channel_open_session().await.unwrap();
    channel.request_pty(true, "xterm", 80, 24, 0, 0, &[]).await.unwrap();
    assert!(!granted(&mut channel).await);
    channel.set_env(true, "LD_PRELOAD", "x").await.unwrap();
    assert!(!granted(&mut channel).await);
    channel.request_x11(true, false, "MIT-MAGIC-COOKIE-1", "00", 0).await.unwrap();
    assert!(!granted(&mut channel).await);
    channel.agent_forward(true).await.unwrap();
    assert!(!granted(&mut channel).await);
    channel.request_shell(true).await.unwrap();
    assert!(!granted(&mut channel).await);
    channel.exec(true, "id").await.unwrap();
    assert!(!granted(&mut channel).await);
    channel.request_subsystem(true, "netconf").await.unwrap();
    assert!(!granted(&mut channel).await);
    channel.request_subsystem(true, "sftp").await.unwrap();
    assert!(granted(&mut channel).await);
    channel.request_subsystem(true, "sftp").await.unwrap();
    assert!(!granted(&mut channel).await);
    assert!(connection.channel_open_direct_tcpip("127.0.0.1", 22, "127.0.0.1", 1).await.is_err());
    assert!(connection.channel_open_direct_streamlocal("/run/x").await.is_err());
    assert!(connection.tcpip_forward("127.0.0.1", 0).await.is_err());
}

#[tokio::test]
async fn a_connection_has_ten_channels_and_an_ended_one_makes_room() {
    let demo = Demo::start().await;
    let connection = demo.login().await;
    let mut channels = Vec::new();
    for _ in 0..10 {
        channels.push(connection.channel_open_session().await.unwrap());
    }
    assert!(connection.channel_open_session().await.is_err());
    channels.pop().unwrap().close().await.unwrap();
    let opened = async {
        while connection.channel_open_session().await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, opened).await.unwrap();
}

#[tokio::test]
async fn eof_from_the_client_gets_eof_exit_status_0_and_close() {
    let demo = Demo::start().await;
    let (_connection, mut channel) = demo.channel().await;
    channel.eof().await.unwrap();
    let mut seen = Vec::new();
    while let Some(message) = timeout(PATIENCE, channel.wait()).await.unwrap() {
        match message {
            ChannelMsg::Eof => seen.push("eof".to_owned()),
            ChannelMsg::ExitStatus { exit_status } => seen.push(format!("exit-status {exit_status}")),
            ChannelMsg::Close => seen.push("close".to_owned()),
            _ => (),
        }
    }
    assert_eq!(seen, ["eof", "exit-status 0", "close"]);
}

#[tokio::test]
async fn several_sessions_work_at_once_and_see_the_same_files() {
    let demo = Demo::start().await;
    let sessions: Vec<_> = futures_util::future::join_all((0..8).map(|_| demo.sftp())).await;
    let writes = sessions.iter().enumerate().map(|(index, session)| async move {
        session.create(format!("{index}")).await.unwrap().close().await.unwrap();
        session.write(format!("{index}"), &vec![index as u8; 100_000]).await.unwrap();
    });
    futures_util::future::join_all(writes).await;
    for session in &sessions {
        for index in 0..8_u8 {
            assert_eq!(session.read(index.to_string()).await.unwrap(), vec![index; 100_000]);
        }
    }
}

#[tokio::test]
async fn dropping_the_server_ends_its_listener_and_its_connections() {
    let demo = Demo::start().await;
    let address = demo.server.address();
    assert!(address.ip().is_loopback());
    let (connection, mut channel) = demo.channel().await;
    let silent = TcpStream::connect(address).await.unwrap();
    drop(demo);
    let ended = async {
        while !connection.is_closed() {
            if channel.wait().await.is_none() {
                tokio::task::yield_now().await;
            }
        }
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        let mut byte = [0; 64];
        while !matches!(silent.try_read(&mut byte), Ok(0)) {
            silent.readable().await.unwrap();
        }
    };
    timeout(PATIENCE, ended).await.unwrap();
}

#[tokio::test]
async fn the_known_hosts_line_names_the_address_and_the_key() {
    let demo = Demo::start().await;
    let line = demo.server.known_hosts_line();
    let file = demo.root().join("known_hosts");
    std::fs::write(&file, format!("{line}\n")).unwrap();
    let port = demo.server.address().port();
    let keys = russh::keys::known_hosts::known_host_keys_path("127.0.0.1", port, &file).unwrap();
    let (_, key) = keys.first().unwrap();
    assert_eq!(Fingerprint::of(key), demo.server.host_key());
    assert!(line.starts_with(&format!("[127.0.0.1]:{port} ssh-ed25519 ")) && !line.ends_with(' '));
}

#[tokio::test]
async fn every_start_has_a_new_host_key() {
    assert_ne!(Demo::start().await.server.host_key(), Demo::start().await.server.host_key());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_log_in_is_hung_up_on() {
    let demo = Demo::start().await;
    let start = tokio::time::Instant::now();
    let mut silent = TcpStream::connect(demo.server.address()).await.unwrap();
    let mut version = Vec::new();
    silent.read_to_end(&mut version).await.unwrap();
    assert!(version.starts_with(b"SSH-2.0-sftpbridge_"));
    assert_eq!(start.elapsed().as_secs(), 30);
}
