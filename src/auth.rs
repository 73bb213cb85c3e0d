//! Who the visitor is, as far as the opening handshake tells.

mod basic;

pub use basic::{BasicError, basic};
