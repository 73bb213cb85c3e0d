//! What the bridge itself logs in with.

use std::fs;

use crate::support::Site;
use crate::support::bridge::Config;
use crate::support::files::Scratch;
use crate::support::identity::{HEADER, PROXY, trusted_header};
use crate::support::session::Session;
use crate::support::sshd::Sshd;
use crate::support::user::User;

#[test]
fn a_password_of_the_bridges_own_is_read_again() {
    let (scratch, user) = (Scratch::new(), User::read());
    let file = scratch.join("password");
    fs::write(&file, "a password that was good yesterday").unwrap();
    let configure = |config: Config| {
        let config =
            config.upstream("credentials = \"password\"").upstream(&format!("user = {:?}", user.name));
        config.upstream(&format!("password_file = {file:?}")).section(&trusted_header())
    };
    let site = Site::with(Sshd::start(), configure);
    let request = || site.bridge.anonymous().source(PROXY).header(HEADER, "alice");
    assert_eq!(request().send().status, 502);
    fs::write(&file, "").unwrap();
    site.bridge.wait_logged(1, &["event=not_reloaded", "what=credentials", "empty"]);
    fs::write(&file, &user.password).unwrap();
    site.bridge.wait_logged(1, &["event=reloaded", "what=credentials"]);
    Session::start(request().open()).is_alive();
    assert!(!site.bridge.log().contains(&user.password));
}
