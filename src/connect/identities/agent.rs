//! An ssh-agent (draft-ietf-sshm-ssh-agent), as far as listing and signing go. Keys are bytes here: one of a kind
//! that nobody knows does not hide the others.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::connect::signing::{self, Signable};

const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;

/// The longest message in bytes, as in OpenSSH.
const LONGEST: usize = 256 * 1024;

/// Keys of one agent that are looked at, as in OpenSSH.
const MOST_KEYS: usize = 2048;

/// A list needs nobody's leave.
const LIST_TIMEOUT: Duration = Duration::from_secs(10);

/// Where an agent listens.
#[derive(Debug, Clone)]
pub(super) struct Agent {
    socket: PathBuf,
}

impl Agent {
    pub(super) fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    /// The public keys and certificates that it signs with.
    pub(super) async fn keys(&self) -> io::Result<Vec<Vec<u8>>> {
        let answer = timeout(LIST_TIMEOUT, self.ask(&[REQUEST_IDENTITIES])).await??;
        keys(&answer).ok_or_else(|| io::Error::other("it has no list of keys"))
    }

    /// Signs with the key or certificate that it knows by `key`. It may ask the person first.
    pub(super) async fn sign(&self, key: &[u8], signable: &Signable) -> io::Result<Vec<u8>> {
        let mut message = vec![SIGN_REQUEST];
        for part in [key, &signable.data] {
            message.extend((part.len() as u32).to_be_bytes());
            message.extend(part);
        }
        message.extend(signable.algorithm.agent_flags().to_be_bytes());
        let answer = self.ask(&message).await?;
        let signature = match answer.split_first() {
            Some((&SIGN_RESPONSE, mut rest)) => signing::string(&mut rest).map(<[u8]>::to_vec),
            _ => None,
        };
        let signature = signature.ok_or_else(|| io::Error::other("it refused"))?;
        match signing::is_by(&signature, signable.algorithm) {
            true => Ok(signature),
            false => Err(io::Error::other(format!("it cannot sign by {}", signable.algorithm.name()))),
        }
    }

    async fn ask(&self, message: &[u8]) -> io::Result<Vec<u8>> {
        let mut stream = UnixStream::connect(&self.socket).await?;
        stream.write_all(&[&(message.len() as u32).to_be_bytes(), message].concat()).await?;
        let length = stream.read_u32().await? as usize;
        if length > LONGEST {
            return Err(io::Error::other("its answer is too long"));
        }
        let mut answer = vec![0; length];
        stream.read_exact(&mut answer).await?;
        Ok(answer)
    }
}

fn keys(answer: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (&IDENTITIES_ANSWER, rest) = answer.split_first()? else { return None };
    let (count, mut rest) = rest.split_first_chunk::<4>()?;
    let count = usize::try_from(u32::from_be_bytes(*count)).ok()?;
    let mut keys = Vec::new();
    for _ in 0..count.min(MOST_KEYS) {
        keys.push(signing::string(&mut rest)?.to_vec());
        // The comment.
        signing::string(&mut rest)?;
    }
    Some(keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::fixtures::string_of;
    use proptest::prelude::*;
    use tokio::net::UnixListener;

    /// An agent that gives one answer, and says what it was asked.
    async fn asked(answer: Vec<u8>, sign: bool) -> (io::Result<Vec<Vec<u8>>>, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("agent");
        let listener = UnixListener::bind(&socket).unwrap();
        let served = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let length = stream.read_u32().await.unwrap();
            let mut question = vec![0; length as usize];
            stream.read_exact(&mut question).await.unwrap();
            stream.write_all(&string_of(&answer)).await.unwrap();
            question
        };
        let agent = Agent::new(socket);
        let key = string_of(b"ssh-rsa");
        let data = crate::connect::fixtures::request("ann", "rsa-sha2-512", &key);
        let signable = signing::check(data, "rsa-sha2-512", "ann", &key).unwrap();
        let asks = async {
            match sign {
                true => agent.sign(&key, &signable).await.map(|signature| vec![signature]),
                false => agent.keys().await,
            }
        };
        tokio::join!(asks, served)
    }

    #[tokio::test]
    async fn its_keys_are_listed_whatever_their_kind() {
        let list = [
            vec![IDENTITIES_ANSWER, 0, 0, 0, 2],
            string_of(b"?"),
            string_of(b"comment"),
            string_of(b"k"),
            string_of(b""),
        ];
        let (keys, question) = asked(list.concat(), false).await;
        assert_eq!(keys.unwrap(), [b"?".to_vec(), b"k".to_vec()]);
        assert_eq!(question, [REQUEST_IDENTITIES]);
    }

    #[tokio::test]
    async fn it_is_told_not_to_use_sha1_and_not_believed() {
        let signature = |name: &[u8]| [string_of(name), string_of(b"s")].concat();
        let answer = |name: &[u8]| [vec![SIGN_RESPONSE], string_of(&signature(name))].concat();
        let (good, question) = asked(answer(b"rsa-sha2-512"), true).await;
        assert_eq!(good.unwrap(), [signature(b"rsa-sha2-512")]);
        assert!(question.ends_with(&[0, 0, 0, 4]));
        assert!(asked(answer(b"ssh-rsa"), true).await.0.is_err());
        assert!(asked(vec![5], true).await.0.is_err());
    }

    proptest! {
        #[test]
        fn no_answer_breaks_us(answer in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = keys(&answer);
            let _ = keys(&[&[IDENTITIES_ANSWER, 0, 0, 0], &answer[..]].concat());
        }
    }
}
