use bytes::Bytes;

use super::*;

fn packet(kind: u8, id: u32, body: &[u8]) -> Packet {
    let mut bytes = (body.len() as u32 + 5).to_be_bytes().to_vec();
    bytes.push(kind);
    bytes.extend(id.to_be_bytes());
    bytes.extend(body);
    Packet::parse(Bytes::from(bytes)).unwrap()
}

fn string(text: &[u8]) -> Vec<u8> {
    [&(text.len() as u32).to_be_bytes()[..], text].concat()
}

fn handle(id: u32, handle: &[u8]) -> Packet {
    packet(102, id, &string(handle))
}

fn name(id: u32, name: &[u8]) -> Packet {
    packet(104, id, &[&[0, 0, 0, 1], &string(name)[..]].concat())
}

fn failure(id: u32) -> Packet {
    packet(101, id, &[0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0])
}

fn open(path: &[u8]) -> Arguments<'_> {
    let (flags, attributes) = (OpenFlags(OpenFlags::READ), crate::sftp::Attributes::default());
    Arguments::Open { path, flags, attributes }
}

impl Session {
    fn ask(&mut self, id: u32, arguments: &Arguments<'_>) -> Result<(), Denial> {
        self.has_room(id, arguments)?;
        self.note(id, arguments);
        Ok(())
    }

    fn path(&self, handle: &[u8]) -> Option<&[u8]> {
        self.opened(handle).map(|opened| &*opened.path)
    }

    #[track_caller]
    fn is_empty(&self) {
        assert!(self.handles.is_empty() && self.noted.is_empty(), "{self:?}");
        assert_eq!((self.opening, self.paths, self.unanswered), (0, 0, 0));
    }
}

#[test]
fn a_handle_is_what_was_opened_until_it_is_closed() {
    let mut session = Session::default();
    assert_eq!(session.ask(1, &open(b"/a")), Ok(()));
    assert_eq!(session.ask(2, &Arguments::Opendir { path: b"/d" }), Ok(()));
    assert_eq!(session.ask(3, &open(b"/b")), Ok(()));
    session.learn(&handle(2, b"D"));
    session.learn(&failure(3));
    assert_eq!((session.path(b"A"), session.path(b"D")), (None, Some(&b"/d"[..])));
    session.learn(&handle(1, b"A"));
    assert_eq!(session.path(b"A"), Some(&b"/a"[..]));
    for (id, name) in [(4, b"A"), (5, b"D")] {
        assert_eq!(session.ask(id, &Arguments::Close { handle: name }), Ok(()));
        assert_eq!(session.path(name), None, "closed, whenever the answer comes");
        session.learn(&failure(id));
    }
    session.is_empty();
}

#[test]
fn a_handle_that_is_used_again_is_the_new_file() {
    let mut session = Session::default();
    session.ask(1, &open(b"/a")).unwrap();
    session.learn(&handle(1, b"H"));
    session.ask(2, &Arguments::Close { handle: b"H" }).unwrap();
    session.ask(3, &open(b"/b")).unwrap();
    assert_eq!(session.path(b"H"), None, "between the two it is nobody's");
    session.learn(&failure(2));
    session.learn(&handle(3, b"H"));
    assert_eq!(session.path(b"H"), Some(&b"/b"[..]));
}

#[test]
fn a_handle_that_was_guessed_and_closed_is_nobodys() {
    let mut session = Session::default();
    session.ask(1, &open(b"/mine")).unwrap();
    session.ask(2, &Arguments::Close { handle: b"H" }).unwrap();
    session.ask(3, &open(b"/theirs")).unwrap();
    session.learn(&handle(1, b"H"));
    assert_eq!(session.path(b"H"), None, "the server may call another file so by now");
    session.learn(&failure(2));
    session.learn(&handle(3, b"H"));
    assert_eq!(session.path(b"H"), Some(&b"/theirs"[..]));
    session.ask(4, &Arguments::Close { handle: b"H" }).unwrap();
    session.learn(&failure(4));
    session.is_empty();
}

#[test]
fn an_id_is_used_once_at_a_time() {
    let mut session = Session::default();
    let realpath = Arguments::Realpath { path: b"/permitted" };
    assert_eq!(session.ask(7, &realpath), Ok(()));
    assert_eq!(session.ask(7, &Arguments::Realpath { path: b"." }), Err(Denial::Id));
    session.learn(&name(7, b"/permitted"));
    assert_eq!(session.start(), None, "that was the answer to another question");
    assert_eq!(session.ask(7, &Arguments::Realpath { path: b"." }), Ok(()));
    session.learn(&name(7, b"/home/ann"));
    assert_eq!(session.start(), Some(&b"/home/ann"[..]));
    session.is_empty();
}

#[test]
fn where_the_session_starts_is_learnt_once() {
    let mut session = Session::default();
    for (answer, start) in [
        (failure(1), None),
        (name(1, b"relative"), None),
        (packet(104, 1, &[0, 0, 0, 0]), None),
        (packet(104, 1, &[0, 0]), None),
        (name(1, b"/home//ann/"), Some(&b"/home/ann"[..])),
        (name(1, b"/elsewhere"), Some(b"/home/ann")),
    ] {
        session.ask(1, &Arguments::Realpath { path: b"." }).unwrap();
        session.learn(&answer);
        assert_eq!(session.start(), start);
    }
    session.forget();
    assert_eq!(session.start(), Some(&b"/home/ann"[..]));
    session.is_empty();
}

#[test]
fn a_root_is_a_start_too() {
    let mut session = Session::default();
    session.ask(1, &Arguments::Realpath { path: b"." }).unwrap();
    session.learn(&name(1, b"/"));
    assert_eq!(session.start(), Some(&b""[..]));
}

#[test]
fn everything_that_is_kept_has_its_bound() {
    let mut session = Session::default();
    for number in 0..OPEN as u32 {
        session.ask(number, &open(b"/a")).unwrap();
        if number % 2 == 0 {
            session.learn(&handle(number, &number.to_be_bytes()));
        }
    }
    assert_eq!(session.ask(5000, &open(b"/a")), Err(Denial::Open));
    assert_eq!(session.ask(5000, &Arguments::Stat { path: b"/a" }), Ok(()));

    let mut session = Session::default();
    let long = vec![b'/'; PATHS / 4];
    (0..4).for_each(|number| session.ask(number, &open(&long)).unwrap());
    assert_eq!(session.ask(4, &open(b"/a")), Err(Denial::Open));
    session.learn(&failure(0));
    assert_eq!(session.ask(4, &open(b"/a")), Ok(()));
    session.learn(&handle(4, &[7; LONGEST_HANDLE + 1]));
    assert!(session.handles.is_empty() && session.paths == 3 * long.len());

    let mut session = Session::default();
    let stat = Arguments::Stat { path: b"/a" };
    (0..UNANSWERED as u32).for_each(|id| session.ask(id, &stat).unwrap());
    assert_eq!(session.ask(u32::MAX, &stat), Err(Denial::Unanswered));
    session.learn(&failure(0));
    assert_eq!(session.ask(u32::MAX, &stat), Ok(()));
}

#[test]
fn what_was_asked_before_anybody_listened_is_waited_for() {
    let mut session = Session::default();
    session.counted();
    session.counted();
    assert_eq!(session.ask(1, &open(b"/a")), Err(Denial::Changed));
    assert_eq!(session.ask(1, &Arguments::Realpath { path: b"." }), Ok(()));
    session.learn(&name(1, b"/not/the/answer"));
    assert_eq!(session.start(), None);
    session.learn(&handle(1, b"H"));
    assert_eq!(session.path(b"H"), None);
    assert_eq!(session.ask(2, &open(b"/a")), Err(Denial::Changed));
    session.learn(&failure(9));
    session.is_empty();
    session.ask(2, &open(b"/a")).unwrap();
    session.learn(&handle(2, b"H"));
    assert_eq!(session.path(b"H"), Some(&b"/a"[..]));
}

#[test]
fn answers_that_nobody_asked_for_make_no_room() {
    let mut session = Session::default();
    for id in 0..2 * UNANSWERED as u32 {
        let _ = session.ask(id, &Arguments::Stat { path: b"/" });
        session.learn(&failure(u32::MAX));
    }
    assert_eq!((session.noted.len(), session.unanswered), (UNANSWERED, UNANSWERED));
}

#[test]
fn the_empty_path_does_not_tell_where_relative_ones_start() {
    let mut session = Session::default();
    session.ask(1, &Arguments::Realpath { path: b"" }).unwrap();
    session.learn(&name(1, b"/"));
    assert_eq!(session.start(), None);
    session.ask(2, &Arguments::Realpath { path: b"./" }).unwrap();
    session.learn(&name(2, b"/home/ann"));
    assert_eq!(session.start(), Some(&b"/home/ann"[..]));
}
