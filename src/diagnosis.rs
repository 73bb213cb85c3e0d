//! What works between here and an upstream, step by step, and what to do about what does not.
//!
//! It goes the way of a session, through the same code; whatever it says is true for `serve`. The steps are values,
//! with every text of a server escaped; [`text`] and [`json`] only write them down. No secret is in any of them.

mod advice;
mod arrival;
mod escape;
mod examination;
pub mod json;
mod login;
mod proof;
mod setting;
mod sftp;
mod step;
pub mod text;

pub use examination::{Subject, examine};
pub use proof::Proof;
pub use setting::setting;
pub use step::{Advice, Report, Status, Step, StepName, UpstreamReport};
