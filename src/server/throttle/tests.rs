use super::*;
use std::future::Future;
use std::net::Ipv4Addr;

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::time::{advance, sleep};

const UPSTREAM_TIME: Duration = Duration::from_secs(2);

fn throttle() -> Arc<Throttle> {
    Throttle::new(&config::Throttle::default())
}

fn address(last: u8) -> Option<IpAddr> {
    Some(Ipv4Addr::new(192, 0, 2, last).into())
}

/// A login that takes its time at an upstream; whether it got there.
async fn log_in(throttle: &Arc<Throttle>, last: u8, user: &str, right: bool) -> Result<(), NotNow> {
    let mut attempt = throttle.begin(address(last), "main", user).await?;
    attempt.sent();
    sleep(UPSTREAM_TIME).await;
    if right {
        attempt.succeeded()
    } else {
        attempt.failed()
    }
    Ok(())
}

/// How long to wait, as the failures of an address and those of a user say alike.
#[track_caller]
fn wait_of(not_now: NotNow) -> Duration {
    match not_now {
        NotNow::Failures(wait, _) => wait,
        NotNow::Pending => panic!("it only waits for others"),
    }
}

fn at_once<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("nothing to wait for")
}

#[tokio::test(start_paused = true)]
async fn of_20_wrong_passwords_in_a_row_3_pass_until_the_window_slides() {
    let throttle = throttle();
    let start = Instant::now();
    for _ in 0..3 {
        log_in(&throttle, 1, "u", false).await.unwrap();
    }
    for _ in 3..20 {
        let wait = wait_of(log_in(&throttle, 1, "u", false).await.unwrap_err());
        // The first failed after two seconds.
        assert_eq!(Instant::now() + wait, start + UPSTREAM_TIME + Duration::from_secs(60));
    }
    let wait = wait_of(at_once(throttle.begin(address(1), "main", "u")).unwrap_err());
    advance(wait - Duration::from_millis(1)).await;
    assert_eq!(
        wait_of(at_once(throttle.begin(address(1), "main", "u")).unwrap_err()),
        Duration::from_millis(1)
    );
    advance(Duration::from_millis(1)).await;
    at_once(throttle.begin(address(1), "main", "u")).unwrap().void();
}

#[tokio::test(start_paused = true)]
async fn of_20_wrong_passwords_at_a_time_3_reach_the_upstream() {
    let throttle = throttle();
    let all = join_all((0..20).map(|_| log_in(&throttle, 1, "u", false))).await;
    assert_eq!(all.iter().filter(|one| one.is_ok()).count(), 3);
    assert!(all.iter().filter_map(|one| one.err()).all(|one| wait_of(one) == Duration::from_secs(60)));
}

#[tokio::test(start_paused = true)]
async fn of_20_right_passwords_at_a_time_all_succeed_3_by_3() {
    let throttle = throttle();
    let (start, time) = (Instant::now(), Duration::from_secs(1));
    let logins = (0..20).map(|_| async {
        let attempt = throttle.begin(address(1), "main", "u").await?;
        sleep(time).await;
        attempt.succeeded();
        Ok::<_, NotNow>(())
    });
    let all = join_all(logins).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!(start.elapsed(), 7 * time);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_longer_than_ten_seconds() {
    let throttle = throttle();
    let stuck: Vec<_> = (0..3).map(|_| at_once(throttle.begin(address(1), "main", "u")).unwrap()).collect();
    let start = Instant::now();
    let refused = throttle.begin(address(1), "main", "u").await.unwrap_err();
    assert_eq!((refused, start.elapsed()), (NotNow::Pending, LONGEST_WAIT));
    drop(stuck);
    at_once(throttle.begin(address(1), "main", "u")).unwrap().void();
    assert_eq!(throttle.ledger.lock().unwrap().sizes(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_expires_meanwhile_makes_room() {
    let throttle = throttle();
    log_in(&throttle, 1, "u", false).await.unwrap();
    advance(Duration::from_secs(55)).await;
    let _stuck = [0; 2].map(|_| at_once(throttle.begin(address(1), "main", "u")).unwrap());
    throttle.begin(address(1), "main", "u").await.unwrap().void();
}

#[tokio::test(start_paused = true)]
async fn hanging_up_costs_a_guess_only_once_the_secret_was_sent() {
    let throttle = throttle();
    for _ in 0..10 {
        drop(at_once(throttle.begin(address(1), "main", "u")).unwrap());
    }
    for _ in 0..3 {
        let mut attempt = at_once(throttle.begin(address(1), "main", "u")).unwrap();
        attempt.sent();
        drop(attempt);
    }
    assert_eq!(
        wait_of(at_once(throttle.begin(address(1), "main", "u")).unwrap_err()),
        Duration::from_secs(60)
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_no_matter_of_credentials_costs_nothing_even_after_the_secret_was_sent() {
    let throttle = throttle();
    for _ in 0..10 {
        let mut attempt = at_once(throttle.begin(address(1), "main", "u")).unwrap();
        attempt.sent();
        attempt.void();
    }
    assert_eq!(throttle.ledger.lock().unwrap().sizes(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn who_hangs_up_while_waiting_takes_no_place_and_wakes_the_next() {
    let throttle = throttle();
    let mut under_way: Vec<_> =
        (0..3).map(|_| at_once(throttle.begin(address(1), "main", "u")).unwrap()).collect();
    let mut gone = Box::pin(throttle.begin(address(1), "main", "u"));
    assert!((&mut gone).now_or_never().is_none());
    let mut next = Box::pin(throttle.begin(address(1), "main", "u"));
    assert!((&mut next).now_or_never().is_none());
    // The first that waits is answered, and has gone before it hears that.
    under_way.pop().unwrap().void();
    drop(gone);
    at_once(next).unwrap().void();
    drop(under_way);
    assert_eq!(throttle.ledger.lock().unwrap().sizes(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn another_address_gets_in_and_a_user_is_guarded_across_addresses() {
    let throttle = throttle();
    for user in ["a", "b", "c"] {
        log_in(&throttle, 1, user, false).await.unwrap();
    }
    log_in(&throttle, 1, "a", true).await.unwrap_err();
    log_in(&throttle, 2, "a", true).await.unwrap();
    for last in 3..6 {
        log_in(&throttle, last, "z", false).await.unwrap();
    }
    log_in(&throttle, 6, "z", true).await.unwrap_err();
    log_in(&throttle, 6, "a", true).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn sockets_that_end_without_a_login_count_for_their_address_alone() {
    let throttle = throttle();
    for _ in 0..3 {
        assert_eq!(throttle.admits(address(1)), Ok(()));
        throttle.unauthenticated(address(1));
    }
    assert_eq!(throttle.admits(address(1)), Err(NotNow::Failures(Duration::from_secs(60), Limit::Address)));
    log_in(&throttle, 1, "u", true).await.unwrap_err();
    assert_eq!(throttle.admits(address(2)), Ok(()));
    assert_eq!(throttle.admits(None), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_user_who_is_guessed_at_may_still_come_with_a_key() {
    let throttle = throttle();
    for last in 1..4 {
        log_in(&throttle, last, "u", false).await.unwrap();
    }
    log_in(&throttle, 9, "u", true).await.unwrap_err();
    assert_eq!(throttle.admits(address(9)), Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_several_threads_no_more_are_under_way_than_the_limit() {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    let throttle = throttle();
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let logins = (0..60).map(|_| {
        let (throttle, now, most) = (Arc::clone(&throttle), Arc::clone(&now), Arc::clone(&most));
        tokio::spawn(async move {
            let attempt = throttle.begin(address(1), "main", "u").await.unwrap();
            most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
            tokio::task::yield_now().await;
            now.fetch_sub(1, SeqCst);
            attempt.succeeded();
        })
    });
    for login in join_all(logins).await {
        login.unwrap();
    }
    assert!(most.load(SeqCst) <= 3);
    assert_eq!(throttle.ledger.lock().unwrap().sizes(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn which_of_the_two_limits_is_reached_is_known() {
    let throttle = throttle();
    for last in 1..=3 {
        log_in(&throttle, last, "u", false).await.unwrap();
    }
    let refused = log_in(&throttle, 4, "u", true).await.unwrap_err();
    assert!(matches!(refused, NotNow::Failures(_, Limit::User)), "{refused:?}");
    for user in ["a", "b", "c"] {
        log_in(&throttle, 9, user, false).await.unwrap();
    }
    let refused = log_in(&throttle, 9, "d", true).await.unwrap_err();
    assert!(matches!(refused, NotNow::Failures(_, Limit::Address)), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn codes_of_nobody_in_particular_count_for_their_address_alone() {
    let throttle = throttle();
    for _ in 0..3 {
        throttle.begin_unnamed(address(1)).await.unwrap().unwrap().failed();
    }
    let refused = throttle.begin_unnamed(address(1)).await.unwrap_err();
    assert_eq!(refused, NotNow::Failures(Duration::from_secs(60), Limit::Address));
    throttle.begin_unnamed(address(2)).await.unwrap().unwrap().void();
    log_in(&throttle, 1, "u", true).await.unwrap_err();
    log_in(&throttle, 2, "u", true).await.unwrap();
    assert!(throttle.begin_unnamed(None).await.unwrap().is_none());
}
