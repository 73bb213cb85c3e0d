//! From the options to a session: by conversation where the bridge speaks it, else by a password in the opening
//! handshake.

use std::time::SystemTime;

use super::conversation::{Conversation, Ended, Means};
use super::dialogue::Dialogue;
use super::handshake::{self, Opened, Stream};
use super::login::{Basic, Login};
use super::person::Person;
use super::warning::Warning;
use super::{ConnectError, Options};
use crate::websocket::Socket;

/// How often a person may try their password.
const TRIES: u32 = 3;

/// A session, and whether text messages may come on it.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) socket: Socket<Stream>,
    pub(super) has_notices: bool,
}

/// Opens a session. The first handshake holds no password: the bridge may know the person by other means, or
/// speak the conversation.
pub(super) async fn open(options: &mut Options, person: &Person) -> Result<Opening, ConnectError> {
    let login = std::mem::take(&mut options.login);
    let mut warning = Warning::new(&options.target);
    if login.token.is_some() {
        warning.before("token");
    }
    let authorization = login.token.as_ref().map(|token| token.authorization());
    let authorization = authorization.as_ref().map(|text| text.as_str());
    match handshake::converse(options, authorization).await? {
        Opened::Session(socket) => Ok(Opening { socket, has_notices: false }),
        Opened::Conversation(socket) => {
            let socket = converse(options, login, person, socket, warning).await?;
            Ok(Opening { socket, has_notices: true })
        }
        // The bridge knows tokens, and this one is no good.
        Opened::Refused(reason) if login.token.is_some() && login.password.is_none() => {
            Err(ConnectError::Refused(reason))
        }
        Opened::Refused(_) => {
            let basic = Basic { user: login.user, password: login.password, asked: false };
            let socket = by_password(options, basic, person, warning).await?;
            Ok(Opening { socket, has_notices: false })
        }
    }
}

/// Logs in by the conversation on `socket`; on a second one if the first one's tries went to keys.
async fn converse(
    options: &Options,
    login: Login,
    person: &Person,
    mut socket: Socket<Stream>,
    mut warning: Warning,
) -> Result<Socket<Stream>, ConnectError> {
    let mut identities = login.keys.collect(person, SystemTime::now()).await;
    for text in &identities.warnings {
        eprintln!("sftpbridge: {text}");
    }
    let name = match &login.user {
        Some(user) => format!("{user}@{}", options.target),
        None => options.target.to_string(),
    };
    let token = login.token.as_ref().map(|token| token.secret());
    let authorization = login.token.as_ref().map(|token| token.authorization());
    let means = Means::new(identities.public(), token, login.password, person.is_there());
    let mut conversation = Conversation::new(login.user, means);
    loop {
        let mut dialogue = Dialogue {
            socket: &mut socket,
            person,
            identities: &mut identities,
            name: &name,
            warning: &mut warning,
        };
        match dialogue.log_in(&mut conversation).await {
            Ok(()) => return Ok(socket),
            Err(Ended::Over(error)) => return Err(error),
            Err(Ended::Again) => conversation.again(),
        }
        let authorization = authorization.as_ref().map(|text| text.as_str());
        socket = match handshake::converse(options, authorization).await? {
            Opened::Conversation(socket) => socket,
            Opened::Session(_) => return Err(ConnectError::Failed("the bridge changed its mind".to_owned())),
            Opened::Refused(reason) => return Err(ConnectError::Refused(reason)),
        };
    }
}

/// Logs in by `Authorization: Basic`.
async fn by_password(
    options: &Options,
    mut login: Basic,
    person: &Person,
    mut warning: Warning,
) -> Result<Socket<Stream>, ConnectError> {
    if !login.fits() {
        let reason =
            "the bridge takes user name and password in a header, which has no place for a name with a colon";
        return Err(ConnectError::Refused(reason.to_owned()));
    }
    let mut tries = 0;
    loop {
        warning.before("password");
        if login.password.is_none() {
            login.ask(person, &options.target.to_string()).await.map_err(|error| {
                ConnectError::Refused(format!(
                    "a password is needed, and there is none ({error}); \
                     give --password-file or SFTPBRIDGE_PASSWORD"
                ))
            })?;
        }
        tries += 1;
        let authorization = login.authorization();
        let opened = handshake::plain(options, authorization.as_ref().map(|text| text.as_str())).await?;
        let refused = match opened {
            Opened::Session(socket) | Opened::Conversation(socket) => return Ok(socket),
            Opened::Refused(reason) => reason,
        };
        if !login.asked || tries == TRIES {
            return Err(ConnectError::Refused(refused));
        }
        person.show(&refused);
        login.password = None;
    }
}

#[cfg(test)]
mod tests;
