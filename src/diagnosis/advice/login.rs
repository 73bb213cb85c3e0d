//! A login that did not work.

use crate::config::{self, Credentials, Proof};
use crate::diagnosis::step::Advice;
use crate::upstream::{Method, OwnError};

/// The server said no.
pub(super) fn refused(remaining: &[Method], partial: bool, settings: &config::Upstream) -> Advice {
    if partial {
        return Advice::new(
            "the credentials were right, and the server wants another proof as well (AuthenticationMethods)",
            "people are asked for it by `sftpbridge connect` and clients of sftp-login.v1; the bridge's own \
             credentials have only one: exempt its user there by a Match block",
        );
    }
    if remaining.is_empty() {
        return Advice::new(
            "too many authentication failures: the server hung up before it took the login",
            "raise MaxAuthTries in sshd_config there, or wait; the log of sshd says what failed before",
        );
    }
    match &settings.credentials {
        Credentials::User => Advice::new(
            "wrong password, or no such user, or one who may not log in: servers do not tell which",
            "try the same with `ssh`; the log of sshd there (`journalctl -u ssh`) tells. Look at AllowUsers, DenyUsers, \
             PasswordAuthentication, and whether the account is locked or has expired",
        ),
        Credentials::Own { proof, .. } => own_refused(proof),
    }
}

/// The bridge's own credentials.
fn own_refused(proof: &Proof) -> Advice {
    match proof {
        Proof::Key { file, .. } => Advice::new(
            format!("the server does not take the bridge's key {} for this user", file.display()),
            "add the public half to ~/.ssh/authorized_keys of that user there. sshd passes over the file when it, or the \
             home directory, can be written by others (StrictModes); PubkeyAcceptedAlgorithms counts too",
        ),
        Proof::Password { file } => Advice::new(
            format!("the server does not take the password in {} for this user", file.display()),
            "is it the password of now, and is PasswordAuthentication on for that user in sshd_config there?",
        ),
        Proof::Agent { .. } => Advice::new(
            "the server does not take the key of the bridge's ssh-agent for this user",
            "add the line that `ssh-add -L` prints to ~/.ssh/authorized_keys of that user there",
        ),
        Proof::Certificate(authority) => Advice::new(
            format!(
                "the server does not take certificates by {} for this user",
                authority.key_file.display()
            ),
            "name the public half of the authority by TrustedUserCAKeys in sshd_config there. The certificate's principals \
             must have the user's name, or one of AuthorizedPrincipalsFile; certificate_source_address must have the \
             bridge's address, and both clocks must agree",
        ),
    }
}

/// The server takes no passwords from this user.
pub(in crate::diagnosis) fn no_password_method() -> Advice {
    Advice::new(
        "the server takes no passwords from this user, only other methods",
        "people log in with their keys by `sftpbridge connect` or a client of sftp-login.v1; for passwords have \
         PasswordAuthentication yes in sshd_config there",
    )
}

/// A login by nothing.
pub(in crate::diagnosis) fn empty_methods() -> Advice {
    Advice::new(
        "the server lets this user in without any proof",
        "whoever reaches the server is this user: look at PermitEmptyPasswords in sshd_config there",
    )
}

/// The bridge's own credentials are of no use.
pub(in crate::diagnosis) fn own_unusable(error: &OwnError) -> Advice {
    match error {
        OwnError::KeyFile(_) | OwnError::Secret(_) => {
            Advice::new("a file of the bridge's own credentials is of no use", "mend the file that is named")
        }
        OwnError::Name { .. } => Advice::new(
            "sshd would cut this name, and take it for somebody else's",
            "such a person cannot log in at this upstream; give another --user",
        ),
        OwnError::Randomness(_) => Advice::new(
            "the system gives no random numbers",
            "look at the sandbox: getrandom must be allowed",
        ),
        OwnError::Certificate(_) => Advice::new(
            "no certificate could be made for this login",
            "look at ca_key_file and the certificate_ keys of this upstream",
        ),
    }
}
