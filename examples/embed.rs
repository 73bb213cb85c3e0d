//! The bridge inside another axum program, beside its own routes.
//!
//! `cargo run --example embed -- proxy.toml` and then
//! `sftp -D "sftpbridge connect ws://127.0.0.1:3000/sftp --user you"`.

use std::error::Error;
use std::net::SocketAddr;

use axum::routing::get;
use sftpbridge::config::{Config, Overrides};
use sftpbridge::server::Bridge;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args_os().nth(1).ok_or("the path of a proxy.toml is missing")?;
    let config = Config::load(Some(file.as_ref()), &Overrides::default())?;
    let bridge = Bridge::new(&config)?;
    let app = bridge.router().route("/hello", get(async || "hello\n"));

    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}/", listener.local_addr()?);
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    let interrupted = async || drop(tokio::signal::ctrl_c().await);
    axum::serve(listener, service).with_graceful_shutdown(interrupted()).await?;
    bridge.drain(interrupted()).await;
    Ok(())
}
