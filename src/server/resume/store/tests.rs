use super::*;
use std::time::Duration;

mod model;

const GRACE: Duration = Duration::from_secs(60);

fn hash(number: u8) -> TokenHash {
    TokenHash::of(&token(&Zeroizing::new([number; TOKEN_BYTES])))
}

fn owner(person: Option<&str>) -> Owner {
    Owner { upstream: "main".to_owned(), user: "u".to_owned(), person: person.map(str::to_owned) }
}

type Simple = Store<(), (), ()>;

const CLAIM: Claim<(), ()> = Claim { stop: (), waits: () };

/// One session, with the token 1.
fn live(person: Option<&str>) -> (Simple, Id) {
    let mut store = Simple::new(9);
    let id = store.register(hash(1), owner(person), ()).expect("room");
    (store, id)
}

fn parked(person: Option<&str>, now: Instant) -> (Simple, Id) {
    let (mut store, id) = live(person);
    assert_eq!(store.park(id, (), now + GRACE), Parking::Kept);
    (store, id)
}

fn anybody() -> Claimant<'static> {
    Claimant { upstream: None, user: None, person: None, came: Instant::now() }
}

fn claim_as(
    store: &mut Simple,
    number: u8,
    claimant: &Claimant<'_>,
    now: Instant,
) -> Result<(), ResumeRefused> {
    store.claim(hash(number), claimant, CLAIM, now).map(drop)
}

fn claim(store: &mut Simple, number: u8, now: Instant) -> Result<(), ResumeRefused> {
    claim_as(store, number, &anybody(), now)
}

/// Whether a token is good, tried on its own copy of the world.
fn good(make: impl Fn() -> Simple, number: u8) -> bool {
    claim(&mut make(), number, Instant::now()).is_ok()
}

#[test]
fn a_token_is_43_digits_for_32_bytes_and_the_store_keeps_only_its_hash() {
    let random = Zeroizing::new([0xfb; TOKEN_BYTES]);
    let token = token(&random);
    assert_eq!(token.expose().len(), 43);
    assert!(token.expose().chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')));
    let mut store = Simple::new(1);
    store.register(TokenHash::of(&token), owner(None), ());
    assert!(!format!("{store:?}").contains(token.expose()));
}

#[test]
fn a_token_is_good_before_its_time_is_over() {
    let now = Instant::now();
    let last = now + GRACE - Duration::from_nanos(1);
    assert_eq!(claim(&mut parked(None, now).0, 1, last), Ok(()));
    assert_eq!(claim(&mut parked(None, now).0, 1, now + GRACE), Err(ResumeRefused::Expired));
}

#[test]
fn the_token_that_was_used_is_good_until_its_client_has_the_next() {
    let resumed = || {
        let now = Instant::now();
        let (mut store, id) = parked(None, now);
        claim(&mut store, 1, now).unwrap();
        assert!(store.renew(id, hash(2)));
        (store, id)
    };
    let lost = || {
        let (mut store, id) = resumed();
        assert_eq!(store.park(id, (), Instant::now() + GRACE), Parking::Kept);
        store
    };
    let confirmed = || {
        let (mut store, id) = resumed();
        store.confirm(id);
        store.confirm(id);
        store
    };
    let came_with = |number| {
        move || {
            let mut store = lost();
            claim(&mut store, number, Instant::now()).unwrap();
            store
        }
    };
    assert_eq!([1, 2, 3].map(|number| good(|| resumed().0, number)), [true, true, false]);
    assert_eq!([1, 2, 3].map(|number| good(lost, number)), [true, true, false]);
    assert_eq!([1, 2, 3].map(|number| good(confirmed, number)), [false, true, false]);
    assert_eq!([1, 2].map(|number| good(came_with(1), number)), [true, false]);
    assert_eq!([1, 2].map(|number| good(came_with(2), number)), [false, true]);
}

#[test]
fn who_was_overtaken_spoils_nothing_for_who_came_later() {
    let now = Instant::now();
    let (mut store, id) = parked(None, now);
    claim(&mut store, 1, now).unwrap();
    claim(&mut store, 1, now).unwrap();
    // The first of the two goes on for a moment, and may even be heard of.
    assert!(store.renew(id, hash(2)));
    store.confirm(id);
    assert_eq!(store.park(id, (), now + GRACE), Parking::Claimed((), ()));
    assert_eq!(claim(&mut store, 2, now), Err(ResumeRefused::Unknown));
    assert_eq!(claim(&mut store, 1, now), Ok(()));
}

#[test]
fn who_came_earlier_takes_nothing_from_who_came_later() {
    let now = Instant::now();
    let earlier = Claimant { came: now - Duration::from_nanos(1), ..anybody() };
    let later = Claimant { came: now, ..anybody() };
    let (mut store, id) = parked(None, now);
    let too_late = |store: &mut Simple, token| {
        assert_eq!(claim_as(store, token, &earlier, now), Err(ResumeRefused::Overtaken));
    };
    claim_as(&mut store, 1, &later, now).unwrap();
    too_late(&mut store, 1);
    store.renew(id, hash(2));
    too_late(&mut store, 1);
    too_late(&mut store, 2);
    assert_eq!(store.park(id, (), now + GRACE), Parking::Kept, "nobody waits");
    too_late(&mut store, 1);
    assert_eq!(claim_as(&mut store, 1, &later, now), Ok(()));
    let stranger = Claimant { user: Some("root"), ..earlier };
    assert_eq!(claim_as(&mut store, 1, &stranger, now), Err(ResumeRefused::Foreign));
}

#[test]
fn only_its_owner_resumes_and_a_claim_by_others_uses_its_tokens_up() {
    let now = Instant::now();
    let alice = Claimant { person: Some("alice"), ..anybody() };
    for (person, claimant, good) in [
        (Some("alice"), alice, true),
        (Some("alice"), Claimant { upstream: Some("main"), user: Some("u"), ..alice }, true),
        (Some("alice"), Claimant { person: Some("bob"), ..alice }, false),
        (Some("alice"), Claimant { person: None, ..alice }, false),
        (Some("alice"), Claimant { upstream: Some("other"), ..alice }, false),
        (Some("alice"), Claimant { user: Some("root"), ..alice }, false),
        (None, anybody(), true),
        (None, alice, false),
    ] {
        let (mut store, id) = live(person);
        store.renew(id, hash(2));
        store.park(id, (), now + GRACE);
        let claimed = claim_as(&mut store, 1, &claimant, now);
        assert_eq!(claimed, if good { Ok(()) } else { Err(ResumeRefused::Foreign) }, "{claimant:?}");
        let left = usize::from(good);
        assert_eq!((store.len(), store.tokens()), (left, left));
    }
}

#[test]
fn a_stranger_does_not_stop_a_session_but_nobody_resumes_it_any_more() {
    let now = Instant::now();
    let (mut store, id) = live(Some("alice"));
    assert_eq!(claim(&mut store, 1, now), Err(ResumeRefused::Foreign));
    assert!(!store.renew(id, hash(2)));
    assert_eq!(store.park(id, (), now + GRACE), Parking::Refused);
}

#[test]
fn there_is_room_for_so_many_and_for_none_after_the_end() {
    let mut store = Simple::new(2);
    let [first, second, third] = [1, 2, 3].map(|number| store.register(hash(number), owner(None), ()));
    assert!(first.is_some() && third.is_none());
    // The second token of a session takes no place.
    store.renew(second.unwrap(), hash(9));
    store.forget(first.unwrap());
    let fourth = store.register(hash(4), owner(None), ()).expect("room");
    store.close();
    assert!(store.register(hash(5), owner(None), ()).is_none());
    assert_eq!(store.park(fourth, (), Instant::now() + GRACE), Parking::Refused);
    assert_eq!((store.len(), store.tokens()), (0, 0));
}

#[test]
fn a_claim_is_faster_than_the_end_of_its_time_or_slower() {
    let now = Instant::now();
    let (mut store, id) = parked(None, now);
    claim(&mut store, 1, now).unwrap();
    store.forget_parked(id);
    assert_eq!(store.len(), 1, "its session runs");
    store.park(id, (), now + GRACE);
    store.forget_parked(id);
    assert_eq!((store.len(), store.tokens()), (0, 0));
}
