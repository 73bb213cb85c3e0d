//! The end of a bridge with many sessions.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::Site;
use crate::support::files::alone;
use crate::support::session::Session;
use crate::support::sftp;
use crate::support::sshd::{Sshd, Subsystem};
use crate::support::wait::{SOON, wait_until};
use crate::support::ws::{BINARY, Heard, frame};

const SESSIONS: usize = 500;
/// Logins at a time.
const AT_ONCE: usize = 12;
/// What those who are in a transfer send without a look at the responses.
const WRITES: u32 = 16;

/// Enough for those who leave by themselves, also where hundreds of others do not leave them much of the machine.
const DRAIN: Duration = Duration::from_secs(10);
/// `limits.linger`, the time of a closing handshake, and a busy machine.
const FAREWELL: Duration = Duration::from_secs(20);

/// What the people do who are there when the bridge is told to end.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Nothing.
    Idle,
    /// Writes until it is told to go.
    Busy,
    /// Has something to finish, and goes by itself.
    Leaving,
    /// Does not read what it is told.
    Deaf,
}

fn kind(number: usize) -> Kind {
    match number % 10 {
        0 | 1 => Kind::Busy,
        2 => Kind::Leaving,
        3 => Kind::Deaf,
        _ => Kind::Idle,
    }
}

/// Somebody who is there when the bridge is told to end.
struct Person {
    number: usize,
    kind: Kind,
    session: Session,
    /// Of those who write: on a busy machine a file that is opened only now would come too late.
    handle: Vec<u8>,
}

impl Person {
    fn arrive(site: &Site, number: usize) -> Person {
        let (kind, mut session) = (kind(number), site.session());
        let handle = match kind {
            Kind::Busy | Kind::Leaving => session.create(&file(site, number)),
            Kind::Idle | Kind::Deaf => Vec::new(),
        };
        Person { number, kind, session, handle }
    }
}

fn file(site: &Site, number: usize) -> String {
    site.sshd.remote(&format!("file-{number}"))
}

fn people(site: &Site) -> Vec<Person> {
    let open = Mutex::new(Vec::new());
    let numbers = Mutex::new(0..SESSIONS);
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some(number) = numbers.lock().unwrap().next() else { return };
                    let person = Person::arrive(site, number);
                    open.lock().unwrap().push(person);
                }
            });
        }
    });
    open.into_inner().unwrap()
}

/// Sends WRITEs in bursts until the bridge says goodbye, and then says it too.
fn write_until_closed(session: &mut Session, handle: &[u8]) -> Option<u16> {
    let data = [0x42; 4 << 10];
    loop {
        let mut burst = Vec::new();
        for number in 0..WRITES {
            let packet = sftp::write(number, handle, u64::from(number) << 12, &data);
            burst.extend(frame(true, BINARY, &packet));
        }
        session.ws.send_raw(&burst);
        for _ in 0..WRITES {
            if let Some(code) = closed(session) {
                return Some(code);
            }
        }
    }
}

/// The code of the next thing that is heard, if that is a close; it is answered.
fn closed(session: &mut Session) -> Option<u16> {
    match session.ws.hear_within(DRAIN + FAREWELL).expect("something from the bridge") {
        Heard::Close(code, _) => {
            session.ws.send_close(code.unwrap_or(1000));
            Some(code.expect("a close with a code"))
        }
        Heard::Binary(_) => None,
        other => panic!("{other:?}"),
    }
}

/// What a person does from the signal on; the code that they were told.
fn end(Person { kind, mut session, handle, .. }: Person) -> Option<u16> {
    match kind {
        Kind::Idle => closed(&mut session),
        Kind::Busy => write_until_closed(&mut session, &handle),
        Kind::Leaving => {
            session.write(&handle, 0, b"the last words");
            session.close(&handle);
            session.ws.send_close(1000);
            closed(&mut session)
        }
        Kind::Deaf => None,
    }
}

#[test]
fn five_hundred_sessions_are_drained_with_1000_and_1001_alone_and_exit_0() {
    let _alone = alone();
    let sshd = Sshd::options()
        .subsystem(Subsystem::Internal)
        .config(&format!("MaxStartups {SESSIONS}\nMaxSessions 1"))
        .start();
    let mut site = Site::with(sshd, |config| {
        let many = format!("sessions_per_user = {SESSIONS}\nsessions_per_address = {SESSIONS}");
        config.limit(&many).limit(&format!("drain = \"{}s\"", DRAIN.as_secs()))
    });
    let (deaf, hearing): (Vec<_>, Vec<_>) =
        people(&site).into_iter().partition(|person| person.kind == Kind::Deaf);
    site.bridge.terminate();
    let told = Instant::now();
    wait_until("readyz to say 503", SOON, || site.bridge.get("/readyz").send().status == 503);
    let codes: Vec<(usize, Option<u16>)> = thread::scope(|scope| {
        let ending = |person: Person| scope.spawn(move || (person.number, end(person)));
        let ends: Vec<_> = hearing.into_iter().map(ending).collect();
        ends.into_iter().map(|end| end.join().unwrap()).collect()
    });
    for (number, code) in &codes {
        let expected = if kind(*number) == Kind::Leaving { 1000 } else { 1001 };
        assert_eq!(*code, Some(expected), "{number}");
    }
    assert!(site.bridge.wait_exit(FAREWELL).success());
    let took = told.elapsed();
    assert!(took >= DRAIN && took < DRAIN + FAREWELL, "{took:?}");
    let ends = site.bridge.session_ends();
    assert_eq!(ends.len(), SESSIONS, "each session has its line");
    let wrong: Vec<_> = ends.iter().filter(|end| !matches!(end.number("close_code"), 1000 | 1001)).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert_eq!(deaf.len() + codes.len(), SESSIONS);
    for (number, _) in codes.iter().filter(|(number, _)| kind(*number) == Kind::Leaving) {
        assert_eq!(std::fs::read(file(&site, *number)).unwrap(), b"the last words");
    }
    site.sshd.wait_idle();
}
