//! What a request is answered with. Methods return a [`Reply`] or a [`Refusal`]; the request id joins
//! them only when the packet is built.

use std::io;

use bytes::Bytes;
use russh_sftp::protocol::{
    Attrs, Data, ExtendedReply, File, FileAttributes, Handle, Name, Packet, Status, StatusCode,
};
use rustix::io::Errno;

/// An answer that is not an error.
pub(super) enum Reply {
    Done,
    Handle(String),
    Data(Vec<u8>),
    Names(Vec<File>),
    Attrs(FileAttributes),
    Extended(Vec<u8>),
}

/// A status other than SSH_FX_OK, with its sentence for the user.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: StatusCode,
    pub(super) message: String,
}

pub(super) type Answer = Result<Reply, Refusal>;

/// The packet, length field included, that answers request `id`.
pub(super) fn packet(id: u32, answer: Answer) -> Option<Bytes> {
    let packet = match answer {
        Ok(Reply::Done) => status(id, StatusCode::Ok, "Success"),
        Ok(Reply::Handle(handle)) => Handle { id, handle }.into(),
        Ok(Reply::Data(data)) => Data { id, data }.into(),
        Ok(Reply::Names(files)) => Name { id, files }.into(),
        Ok(Reply::Attrs(attrs)) => Attrs { id, attrs }.into(),
        Ok(Reply::Extended(data)) => ExtendedReply { id, data }.into(),
        Err(refusal) => status(id, refusal.code, &refusal.message),
    };
    Bytes::try_from(packet).ok()
}

fn status(id: u32, status_code: StatusCode, message: &str) -> Packet {
    let language_tag = "en".to_owned();
    Packet::Status(Status { id, status_code, error_message: message.to_owned(), language_tag })
}

impl Refusal {
    pub(super) fn new(code: StatusCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(super) fn failure(message: impl Into<String>) -> Self {
        Self::new(StatusCode::Failure, message)
    }

    pub(super) fn unsupported(message: impl Into<String>) -> Self {
        Self::new(StatusCode::OpUnsupported, message)
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        let code = match error.kind() {
            io::ErrorKind::NotFound => StatusCode::NoSuchFile,
            io::ErrorKind::PermissionDenied => StatusCode::PermissionDenied,
            _ => StatusCode::Failure,
        };
        // std appends " (os error 17)", which means nothing to the user at the other end.
        let message = error.to_string();
        let message = message.split(" (os error").next().unwrap_or_default();
        Self::new(code, message)
    }
}

impl From<Errno> for Refusal {
    fn from(error: Errno) -> Self {
        io::Error::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_system_become_status_codes_with_their_own_sentence() {
        let refusal = Refusal::from(Errno::EXIST);
        assert_eq!(refusal.code, StatusCode::Failure);
        assert_eq!(refusal.message, "File exists");
        assert_eq!(Refusal::from(Errno::NOENT).code, StatusCode::NoSuchFile);
        assert_eq!(Refusal::from(Errno::ACCESS).code, StatusCode::PermissionDenied);
    }
}
