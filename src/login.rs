//! The login conversation of the subprotocol `sftp-login.v1`, as values. No IO, no clocks.
//!
//! `docs/protocol.md` describes it; `server::login` speaks it for the bridge and `connect` for a client.

mod attempt;
mod event;
mod failure;
mod key;
mod machine;
mod message;
mod notice;
mod replay;

pub use attempt::{Attempt, Proof};
pub use event::{Action, Event, Question, Reply, Resume, Terms};
pub use machine::Machine;
pub use message::{
    Blob, ClientMessage, FailureCode, LoginMethod, LoginRequest, Method, NoticeKind, Prompt, ServerMessage,
    VisibleUpstream,
};
pub use notice::notice;
pub use replay::replay;

/// The name of the subprotocol.
pub const SUBPROTOCOL: &str = "sftp-login.v1";

/// The largest text message in bytes, either way.
pub const LARGEST_MESSAGE: usize = 16 * 1024;
