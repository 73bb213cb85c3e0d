//! Rules for some: by their names, and by the groups that a token or a proxy says they are in.

use super::{is_denied, site};
use crate::support::bridge::Config;
use crate::support::files::Scratch;
use crate::support::http::Request;
use crate::support::identity::{HEADER, Minting, PROXY, Tokens, trusted_header};
use crate::support::session::Session;
use crate::support::sftp;
use crate::support::sshd::Sshd;
use crate::support::user::User;

const GROUPS: &str = "[upstreams.main.policy]\nread_only = true\n\
                      [upstreams.main.policy.groups.editors]\nclaims = [\"staff\"]\n";

fn may_write(request: &Request, sshd: &Sshd, name: &str) -> bool {
    let mut session = Session::start(request.open());
    let answer = session.call(|id| sftp::mkdir(id, sshd.remote(name)));
    let denied = is_denied(&answer);
    assert!(denied || answer.status() == sftp::OK, "{answer:?}");
    assert_eq!(sshd.files().join(name).exists(), !denied);
    !denied
}

#[test]
fn a_user_by_name_has_the_rules_of_their_group() {
    let user = User::read();
    let group = |names: &str| {
        format!(
            "read_only = true\n[upstreams.main.policy.groups.editors]\nusers = [{names}]\ndeny = [\"rmdir\"]"
        )
    };
    let (theirs, others) = (site(&group(&format!("\"x\", {:?}", user.name))), site(&group("\"x\"")));
    assert!(may_write(&theirs.bridge.login(), &theirs.sshd, "new"));
    assert!(!may_write(&others.bridge.login(), &others.sshd, "new"));
    let path = theirs.sshd.remote("new");
    let mut session = theirs.session();
    assert!(is_denied(&session.call(|id| sftp::with_name(sftp::RMDIR, id, &path))));
}

#[test]
fn a_token_says_in_which_groups_a_person_is() {
    let scratch = Scratch::new();
    let tokens = Tokens::issue(&scratch, &User::read().name);
    let section = format!("{}\ngroups_claim = \"groups\"", tokens.section());
    let site = Minting::with("ed25519", |config: Config| config.section(&section).section(GROUPS));
    let by = |token: &str| site.bridge.anonymous().bearer(tokens.get(token));
    assert!(!may_write(&by("good"), &site.sshd, "one"));
    assert!(may_write(&by("good_in_staff"), &site.sshd, "two"));
}

#[test]
fn a_token_says_nothing_of_groups_where_nobody_asks() {
    let scratch = Scratch::new();
    let tokens = Tokens::issue(&scratch, &User::read().name);
    let site = Minting::with("ed25519", |config: Config| config.section(&tokens.section()).section(GROUPS));
    let request = site.bridge.anonymous().bearer(tokens.get("good_in_staff"));
    assert!(!may_write(&request, &site.sshd, "one"));
}

#[test]
fn the_header_of_a_listed_proxy_says_in_which_groups_a_person_is() {
    let section = format!("{}\ngroups = \"X-Remote-Groups\"", trusted_header());
    let site = Minting::with("ed25519", |config: Config| config.section(&section).section(GROUPS));
    let proxied = || site.bridge.anonymous().source(PROXY).header(HEADER, &site.user.name);
    assert!(!may_write(&proxied(), &site.sshd, "one"));
    assert!(!may_write(&proxied().header("X-Remote-Groups", "x, stafff"), &site.sshd, "one"));
    assert!(may_write(&proxied().header("X-Remote-Groups", "x, staff"), &site.sshd, "two"));
    let twice = proxied().header("X-Remote-Groups", "x").header("X-Remote-Groups", "staff");
    assert_eq!(twice.send().status, 401);
}

#[test]
fn the_groups_header_of_anybody_else_changes_nothing() {
    let section = format!("{}\ngroups = \"X-Remote-Groups\"", trusted_header());
    let sshd = Sshd::start();
    let site = crate::support::Site::with(sshd, |config| config.section(&section).section(GROUPS));
    let request = site.bridge.login().header("X-Remote-Groups", "staff");
    assert!(!may_write(&request, &site.sshd, "one"));
}
