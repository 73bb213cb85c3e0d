//! The SFTP packet layer: draft-ietf-secsh-filexfer-02, protocol version 3.
//!
//! Pure values, no IO. The bridge carries packets verbatim, so it needs little of them: the length, the type and
//! the request id. [`Arguments`] and [`Answer`] read the fields for those who judge or record requests. Everything
//! that this room does not know, it passes.

mod answer;
mod arguments;
mod attributes;
mod codec;
mod extension;
mod fields;
mod packet;
mod pending;
mod request;
mod status;

pub use answer::Answer;
pub use arguments::{Arguments, OpenFlags};
pub use attributes::Attributes;
pub use codec::{CodecError, PacketCodec};
pub use extension::{EXTENSIONS, Extension};
pub use fields::CutShort;
pub use packet::{MINIMUM_LENGTH, Malformed, Packet, PacketType, RequestId};
pub use pending::Pending;
pub use request::{REQUESTS, RequestKind, Writes};
pub use status::{StatusCode, status};
