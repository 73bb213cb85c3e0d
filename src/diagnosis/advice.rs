//! Why something does not work, and what to do about it: for every error of an upstream, in plain words. There is no
//! other place for these, and no error without.

mod host_key;
mod login;
mod spoken;

use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::escape::{first_line, harmless};
use super::step::Advice;
use crate::config::{self, HostPort};
use crate::pump::{SourceEnd, Violation};
use crate::upstream::{Exit, Seen, Step as Stage, UpstreamError};

pub(super) use host_key::nothing_trusted;
pub(super) use login::{empty_methods, no_password_method, own_unusable};
pub(super) use spoken::spoken_instead;

/// What was found when this went wrong.
pub(super) fn found(error: &UpstreamError, seen: &Seen) -> String {
    match error {
        UpstreamError::NotSsh { text } | UpstreamError::NotSftp { text } => {
            format!("it says {}", first_line(text))
        }
        UpstreamError::Connect { source, .. } => {
            let all: Vec<String> =
                seen.refused.iter().map(|(address, problem)| format!("{address}: {problem}")).collect();
            if all.is_empty() { harmless(&source.to_string()) } else { all.join("; ") }
        }
        UpstreamError::TimedOut { step: Stage::Identification, after } => match &seen.said {
            Some(text) => format!("no SSH identification within {after:?}; it says {}", first_line(text)),
            None => format!("no SSH identification within {after:?}; it says nothing"),
        },
        UpstreamError::TimedOut { step: Stage::Connect, after } => match &seen.tried {
            Some(address) => format!("no answer from {address} within {after:?}"),
            None => format!("no address within {after:?}"),
        },
        UpstreamError::TimedOut { .. }
        | UpstreamError::NoCommonAlgorithm { .. }
        | UpstreamError::HostKey(_)
        | UpstreamError::Refused { .. }
        | UpstreamError::PasswordExpired
        | UpstreamError::Unanswered
        | UpstreamError::TooManyQuestions
        | UpstreamError::Signature { .. }
        | UpstreamError::Agent { .. }
        | UpstreamError::NoChannel { .. }
        | UpstreamError::NoSubsystem
        | UpstreamError::Lost { .. } => harmless(&error.to_string()),
    }
}

/// Why it went wrong, and what helps.
pub(super) fn advice(error: &UpstreamError, seen: &Seen, settings: &config::Upstream) -> Advice {
    let address = &settings.address;
    match error {
        UpstreamError::Connect { .. } if seen.resolved.is_none() => unresolved(address),
        UpstreamError::Connect { source, .. } => unreachable(source, address),
        UpstreamError::TimedOut { step, after } => timed_out(*step, *after, seen, address),
        UpstreamError::NotSsh { text } => spoken_instead(text, address),
        UpstreamError::NoCommonAlgorithm { kind, legacy, .. } => no_common_algorithm(kind, *legacy),
        UpstreamError::HostKey(refusal) => host_key::advice(refusal, settings),
        UpstreamError::Refused { remaining, partial } => login::refused(remaining, *partial, settings),
        UpstreamError::PasswordExpired => Advice::new(
            "the password was right, and has expired: the server wants a new one first",
            "change it at the server (`ssh` to it, or passwd there), or let the person log in by questions: \
             KbdInteractiveAuthentication yes in sshd_config",
        ),
        UpstreamError::Unanswered => Advice::new(
            "the server asks more than one question, such as a one-time code, and a check answers only one for a \
             password",
            "it works for people by `sftpbridge connect` and clients of sftp-login.v1, who are asked; check with a \
             user who needs no second factor",
        ),
        UpstreamError::TooManyQuestions => Advice::new(
            "the server's questions are too many or too long to be passed on",
            "look at the PAM configuration of sshd there: a module repeats itself",
        ),
        UpstreamError::Signature { .. } => Advice::new(
            "the bridge's own key cannot sign for this server",
            "use an ed25519 key; see key_file or agent_socket of this upstream",
        ),
        UpstreamError::Agent { .. } => Advice::new(
            "the ssh-agent of agent_socket is of no help",
            "is it running, may the bridge's user open the socket, and does `ssh-add -l` list the key there?",
        ),
        UpstreamError::NoChannel { .. } => Advice::new(
            "the login was good, but the server opens no session for it",
            "look for MaxSessions, PermitOpen or a forced restriction of this user in sshd_config, and for limits \
             of processes and memory there",
        ),
        UpstreamError::NoSubsystem => Advice::new(
            "the login was good, but this server does not offer SFTP to this user",
            "have a line `Subsystem sftp internal-sftp` in sshd_config there, and restart sshd",
        ),
        UpstreamError::NotSftp { text } => noise(text),
        UpstreamError::Lost { step, .. } => lost(*step, seen, address),
    }
}

/// What the server says before VERSION, or in its place.
pub(super) fn noise(text: &str) -> Advice {
    if text.contains("not available") || text.contains("nologin") {
        return Advice::new(
            "the user's login shell refuses everybody (nologin), and sshd starts the SFTP server by it",
            "have `Subsystem sftp internal-sftp` in sshd_config there, which needs no shell",
        );
    }
    Advice::new(
        "text comes before SFTP: the user's shell, or the program of the subsystem, prints it at every login",
        "have `Subsystem sftp internal-sftp` in sshd_config there, which starts no shell; or silence .bashrc, .profile \
         and the like of this user for shells that are not interactive (`[ -t 1 ] || return` at the beginning)",
    )
}

/// The end of the channel in place of VERSION.
pub(super) fn no_version(end: &SourceEnd, exit: &Exit) -> Advice {
    match end {
        SourceEnd::Violation(Violation::NotSftp { text }) => noise(text),
        SourceEnd::Violation(
            Violation::Text
            | Violation::Malformed(_)
            | Violation::TooLarge { .. }
            | Violation::TooManyFrames
            | Violation::OpenTooLong
            | Violation::NotInit
            | Violation::SecondInit
            | Violation::WebSocket(_)
            | Violation::Truncated,
        ) => Advice::new(
            "what the server sends on the channel is not SFTP",
            "look at the line `Subsystem sftp` in sshd_config there; `internal-sftp` is always right",
        ),
        SourceEnd::Finished | SourceEnd::Closed(_) => Advice::new(
            format!("the program of the subsystem ended before it spoke (exit status {exit})"),
            "is the program of `Subsystem sftp` in sshd_config there, and may this user run it? `internal-sftp` \
             needs no program. A ForceCommand or a broken home directory (ChrootDirectory) shows like this too",
        ),
        SourceEnd::Lost(_) => Advice::new(
            "the connection broke while the SFTP server started",
            "look at the log of sshd there, at the time of this check",
        ),
    }
}

/// The server was given time, and said nothing.
pub(super) fn no_answer(after: Duration) -> Advice {
    Advice::new(
        format!("the subsystem was granted, but nothing answered within {after:?}"),
        "the program of `Subsystem sftp` in sshd_config there hangs: a file system that does not answer, or a shell \
         that waits for input; try `internal-sftp`",
    )
}

/// One of several addresses is of no use.
pub(super) fn one_address(address: &SocketAddr) -> Advice {
    Advice::new(
        format!("the name has several addresses, and {address} does not answer; each session tries it first"),
        "take it out of the DNS, make sshd listen there too (ListenAddress, AddressFamily), or write the address \
         that answers into the configuration",
    )
}

/// `legacy = true` is set.
pub(super) fn legacy(needed: bool) -> Advice {
    match needed {
        true => Advice::new(
            "this server has only algorithms that OpenSSH dropped for being weak; legacy = true allows them here",
            "renew the server; until then keep it on a network that nobody else can reach",
        ),
        false => Advice::new(
            "legacy = true allows weak algorithms here, and this server does not need them",
            "delete legacy = true from this upstream",
        ),
    }
}

fn unresolved(address: &HostPort) -> Advice {
    Advice::new(
        format!("the name {} has no address here", address.host),
        format!(
            "is it spelt right in the configuration? Try `getent hosts {}` on this machine, as the bridge's user",
            address.host
        ),
    )
}

fn unreachable(source: &io::Error, address: &HostPort) -> Advice {
    let HostPort { host, port } = address;
    match source.kind() {
        io::ErrorKind::ConnectionRefused => Advice::new(
            format!("the port is closed: nothing listens on {port} of {host}, or a firewall says so for it"),
            format!(
                "is sshd running there, and on this port (`ss -tlnp` on {host})? Is the port right in the \
                 configuration? Does a firewall reject this machine?"
            ),
        ),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Advice::new(
            format!("there is no way from this machine to {host}"),
            "look at the routes and the VPN of this machine; a container may have no network, or none with IPv6",
        ),
        io::ErrorKind::PermissionDenied => Advice::new(
            "this system forbids the connection",
            "look at the sandbox of the bridge: a systemd unit's IPAddressDeny, a network policy, SELinux",
        ),
        io::ErrorKind::TimedOut => black_hole(address),
        _ => Advice::new(
            format!("no connection to {address}: {}", harmless(&source.to_string())),
            format!("try `nc -vz {host} {port}` on this machine"),
        ),
    }
}

fn black_hole(HostPort { host, port }: &HostPort) -> Advice {
    Advice::new(
        format!("{host} does not answer on port {port}, not even by a refusal: something drops the packets"),
        format!(
            "a firewall on the way, or at the server, does that: open port {port} for this machine there. Or the address \
             is wrong, or the server is down"
        ),
    )
}

fn timed_out(step: Stage, after: Duration, seen: &Seen, address: &HostPort) -> Advice {
    match step {
        Stage::Connect if seen.resolved.is_none() => Advice::new(
            format!("the DNS did not answer for {} within {after:?}", address.host),
            "look at /etc/resolv.conf of this machine, and whether the servers in it answer",
        ),
        Stage::Connect => black_hole(address),
        Stage::Identification => match &seen.said {
            Some(text) => spoken_instead(text, address),
            None => Advice::new(
                "TCP is accepted, and then nothing comes: no SSH server speaks there, or one that is stuck",
                "is this the port of sshd? A load balancer without a server behind it, or a machine out of memory, \
                 is as silent",
            ),
        },
        Stage::KeyExchange => Advice::new(
            format!("the server began to speak, and the key exchange was not over within {after:?}"),
            "large packets may be lost on the way (a VPN with a smaller MTU: try `ping -M do -s 1400`), or the server \
             is overloaded; login_timeout of this upstream is the limit",
        ),
        Stage::Login => Advice::new(
            format!("the server had not decided about the login within {after:?}"),
            "a PAM module there waits for another server (LDAP, Kerberos, DNS): its log says which. login_timeout \
             of this upstream is the limit",
        ),
        Stage::Subsystem => Advice::new(
            format!("the login was good, but the sftp subsystem was not started within {after:?}"),
            "something at the login hangs there: a home directory on a file system that does not answer, or a \
             session module of PAM",
        ),
    }
}

fn no_common_algorithm(kind: &str, legacy: bool) -> Advice {
    let cause = format!(
        "no common algorithm: the server has no {} algorithm that the bridge accepts",
        kind_name(kind)
    );
    match legacy {
        false => Advice::new(
            cause,
            "renew or reconfigure the server. If that cannot be, legacy = true on this upstream allows what OpenSSH \
             dropped: SHA-1, CBC and group 1. They can be broken with effort, so keep the way to it private",
        ),
        true => Advice::new(
            format!("{cause}, though legacy = true allows the old ones"),
            "the server is too old, or restricted to algorithms of its own: look at KexAlgorithms, Ciphers, MACs \
             and HostKeyAlgorithms there",
        ),
    }
}

fn kind_name(kind: &str) -> &str {
    match kind {
        "kex" => "key exchange",
        "key" => "host key",
        other => other,
    }
}

fn lost(step: Stage, seen: &Seen, address: &HostPort) -> Advice {
    match step {
        Stage::Connect | Stage::Identification => match &seen.said {
            Some(text) => spoken_instead(text, address),
            None => Advice::new(
                "the server hung up without a word: it turns this machine away, or is too busy",
                "look at MaxStartups, PerSourceMaxStartups and PerSourcePenalties in sshd_config there \
                 (PerSourcePenaltyExemptList is for the bridge's address), at /etc/hosts.deny and fail2ban",
            ),
        },
        Stage::KeyExchange => Advice::new(
            "the server broke off the key exchange",
            "the log of sshd there says why; a firewall that inspects SSH does this too",
        ),
        Stage::Login => Advice::new(
            "the server broke off the login",
            "the log of sshd there says why: too many failures before, MaxAuthTries, or an account that is locked",
        ),
        Stage::Subsystem => Advice::new(
            "the login was good, and then the server broke off",
            "the log of sshd there says why: ChrootDirectory must belong to root, and limits of the user count too",
        ),
    }
}

/// A packet limit below what the server offers.
pub(super) fn packet_limit(limit: usize, offered: impl Display) -> Advice {
    Advice::new(
        format!("limits.packet is {limit} bytes, and the server tells its clients that {offered} will do"),
        format!("a client that believes the server is refused: raise limits.packet to {offered} bytes"),
    )
}
