//! The SFTP packet layer: draft-ietf-secsh-filexfer-02, protocol version 3.
//!
//! Pure values, no IO. The bridge carries packets verbatim, so this room reads as little of them as
//! it can: the length, the type and the request id. Everything it does not know, it passes.

mod codec;
mod packet;
mod request;
mod status;

pub use codec::{CodecError, PacketCodec};
pub use packet::{MINIMUM_LENGTH, Malformed, Packet, PacketType, RequestId};
pub use request::{REQUESTS, RequestKind, Writes};
pub use status::{StatusCode, status};
