//! What is counted and measured, by its names.
//!
//! Everything goes through the facade of the crate `metrics`: a program that embeds the bridge has a recorder of its
//! own, or none. `serve` installs ours ([`install`]), and the admin listener shows what it has recorded.
//!
//! The values of labels come from the code and from the configuration, never from a visitor: there is no label for a
//! user, a path, an address or a session. So the number of series is bounded by [`SERIES`] and the upstreams.

mod class;
mod events;
mod login;
mod present;
mod process;
mod recorder;
mod series;
mod steps;
mod timed;
mod traffic;

pub use class::Class;
pub use events::{
    expect_denials, expect_ends, expect_refusals, expect_reloads, policy_denied, refused, session_ended,
    session_started, sessions_limit, stalled, throttled,
};
pub use login::{Login, LoginOutcome};
pub use present::Present;
pub use recorder::{Exporter, InstallError, install};
pub use series::{Kind, SERIES, Series, declare};
pub use steps::{StepOutcome, StepWatch, Steps};
pub use timed::Timed;
