//! A few words of SFTP: INIT, what is offered, and how long an answer takes (draft-ietf-secsh-filexfer-02).

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use tokio::time::{Instant, timeout};

use super::advice;
use super::escape;
use super::step::{Advice, Step, StepName};
use crate::pump::{PacketSink, Packets, SourceEnd};
use crate::sftp::{Answer, Packet, PacketType};
use crate::upstream::{Connection, Exit};

/// Longest wait for an answer.
const ANSWER: Duration = Duration::from_secs(10);

/// Cheap requests for the time of a round trip; it is the middle one that counts.
const TRIPS: u32 = 5;

/// Extensions that are shown.
const MOST_EXTENSIONS: usize = 64;

const LIMITS: &[u8] = b"limits@openssh.com";

/// Tells the steps on the channel, and hangs up. `packet_limit` is `limits.packet`.
pub(super) async fn talk(mut connection: Connection, packet_limit: usize, tell: &mut impl FnMut(Step)) {
    let start = Instant::now();
    let version = match ask(&mut connection, init()).await {
        Ok(version) => version,
        Err(silence) => {
            let took = start.elapsed();
            tell(no_version(connection, silence, took).await);
            tell(Step::not_reached(StepName::Limits));
            tell(Step::not_reached(StepName::RoundTrip));
            return;
        }
    };
    let offered = extensions(&version);
    tell(offers(&version, &offered, start.elapsed()));
    match offered.iter().any(|(name, _)| *name == LIMITS) {
        true => tell(limits(&mut connection, packet_limit).await),
        false => tell(Step::skipped(StepName::Limits, "the server does not offer limits@openssh.com")),
    }
    tell(round_trip(&mut connection).await);
    connection.close().await;
}

/// Why there was no answer.
enum Silence {
    Ended(SourceEnd),
    TimedOut,
}

/// One request, and the packet that answers it: nothing else is under way.
async fn ask(connection: &mut Connection, request: Packet) -> Result<Packet, Silence> {
    let end = &mut connection.end;
    let answered = async {
        // A connection that dies with its window closed shows on the reader only.
        let sent = async {
            let _ = end.sink.feed(request).await;
            std::future::pending().await
        };
        tokio::select! {
            packet = end.packets.next() => packet,
            never = sent => never,
        }
    };
    match timeout(ANSWER, answered).await {
        Ok(answer) => answer.map_err(Silence::Ended),
        Err(_) => Err(Silence::TimedOut),
    }
}

async fn no_version(connection: Connection, silence: Silence, took: Duration) -> Step {
    let wrote = connection.end.packets.stderr();
    let exit = connection.close().await;
    let (mut found, advice) = match &silence {
        Silence::TimedOut => ("no VERSION".to_owned(), advice::no_answer(ANSWER)),
        Silence::Ended(end) => (ending(end, &exit), advice::no_version(end, &exit)),
    };
    if let Some(wrote) = wrote {
        found.push_str(&format!("; on standard error it says \"{wrote}\""));
    }
    Step::failed(StepName::Sftp, Some(took), found, advice)
}

fn ending(end: &SourceEnd, exit: &Exit) -> String {
    use crate::pump::Violation;
    match end {
        SourceEnd::Violation(Violation::NotSftp { text }) => {
            format!("in place of VERSION it says {}", escape::first_line(text))
        }
        SourceEnd::Violation(violation) => escape::harmless(&violation.to_string()),
        SourceEnd::Finished | SourceEnd::Closed(_) => format!("the channel ended, exit status {exit}"),
        SourceEnd::Lost(problem) => escape::harmless(&problem.to_string()),
    }
}

fn offers(version: &Packet, extensions: &[(&[u8], &[u8])], took: Duration) -> Step {
    let names: Vec<String> = extensions.iter().map(|(name, _)| escape::bytes(name)).collect();
    let names = if names.is_empty() { "no extensions".to_owned() } else { names.join(", ") };
    match Answer::of(version) {
        Ok(Answer::Version(3)) => Step::ok(StepName::Sftp, Some(took), format!("version 3; {names}")),
        Ok(Answer::Version(other)) => Step::warning(
            StepName::Sftp,
            Some(took),
            format!("version {other}; {names}"),
            Advice::new(
                format!("the server answers version {other} where 3 was asked for"),
                "clients of version 3 may not understand it; another SFTP server at the upstream would help",
            ),
        ),
        Ok(_) | Err(_) => Step::failed(
            StepName::Sftp,
            Some(took),
            format!("a packet of type {} in place of VERSION", version.kind()),
            Advice::new(
                "the program of the subsystem does not begin as an SFTP server does",
                "look at the line `Subsystem sftp` in sshd_config there; `internal-sftp` is always right",
            ),
        ),
    }
}

/// The pairs of name and data behind the number of the version.
fn extensions(version: &Packet) -> Vec<(&[u8], &[u8])> {
    let mut rest = version.body().get(4..).unwrap_or_default();
    let mut pairs = Vec::new();
    while pairs.len() < MOST_EXTENSIONS {
        let (Some(name), Some(data)) = (string(&mut rest), string(&mut rest)) else {
            break;
        };
        pairs.push((name, data));
    }
    pairs
}

fn string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk()?;
    let (string, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    *rest = after;
    Some(string)
}

/// `limits@openssh.com` (PROTOCOL of OpenSSH, section 4.8): packet, read, write, handles, as `uint64` each.
async fn limits(connection: &mut Connection, packet_limit: usize) -> Step {
    let start = Instant::now();
    let answer = ask(connection, request(PacketType::EXTENDED, 1, LIMITS)).await;
    let took = Some(start.elapsed());
    let Ok(answer) = answer else {
        return unanswered(StepName::Limits, took);
    };
    let numbers: Vec<u64> = match Answer::of(&answer) {
        Ok(Answer::Extended(data)) => {
            data.as_chunks::<8>().0.iter().map(|it| u64::from_be_bytes(*it)).collect()
        }
        Ok(_) | Err(_) => Vec::new(),
    };
    let [packet, read, write, handles] = numbers.as_slice() else {
        return Step::skipped(
            StepName::Limits,
            "the server offers limits@openssh.com, and does not answer it",
        );
    };
    let found = format!("packet {packet} bytes, read {read}, write {write}, open handles {handles}");
    // The server does not count the length field.
    let whole = packet.saturating_add(4);
    if whole > packet_limit as u64 {
        return Step::warning(StepName::Limits, took, found, advice::packet_limit(packet_limit, whole));
    }
    Step::ok(StepName::Limits, took, found)
}

async fn round_trip(connection: &mut Connection) -> Step {
    let start = Instant::now();
    let mut trips = Vec::new();
    let mut home = None;
    for id in 0..TRIPS {
        let asked = Instant::now();
        let Ok(answer) = ask(connection, request(PacketType::REALPATH, id, b".")).await else {
            return unanswered(StepName::RoundTrip, Some(start.elapsed()));
        };
        trips.push(asked.elapsed());
        if let Ok(Answer::Names { first: Some(name), .. }) = Answer::of(&answer) {
            home = Some(escape::bytes(name));
        }
    }
    trips.sort();
    let median = trips.get(trips.len() / 2).copied().unwrap_or_default().as_secs_f64() * 1000.0;
    let home = home.map(|home| format!("; the user begins in {home}")).unwrap_or_default();
    Step::ok(StepName::RoundTrip, Some(start.elapsed()), format!("{median:.1} ms, median of {TRIPS}{home}"))
}

fn unanswered(name: StepName, took: Option<Duration>) -> Step {
    let advice = Advice::new(
        "the SFTP server began, and then stopped answering",
        "look at the log of sshd there; a file system that does not answer stops it too",
    );
    Step::failed(name, took, "no answer", advice)
}

fn init() -> Packet {
    packet(PacketType::INIT, |bytes| bytes.put_u32(3))
}

/// A request whose body is one string.
fn request(kind: PacketType, id: u32, text: &[u8]) -> Packet {
    packet(kind, |bytes| {
        bytes.put_u32(id);
        bytes.put_u32(text.len() as u32);
        bytes.put_slice(text);
    })
}

fn packet(kind: PacketType, body: impl FnOnce(&mut BytesMut)) -> Packet {
    let mut payload = BytesMut::new();
    payload.put_u8(kind.0);
    body(&mut payload);
    let length = (payload.len() as u32).to_be_bytes();
    Packet::assembled(Bytes::from([&length[..], &payload].concat()), kind)
}
