//! Keys in an ssh-agent.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{assert_sftp_works, nobody, sftp_fails, steps};
use crate::support::Site;
use crate::support::agent::Agent;
use crate::support::keys::{Keys, public};
use crate::support::node::Login;
use crate::support::sshd::Sshd;

fn site(keys: &Keys, these: &[&Path]) -> Site {
    let only_keys = "PasswordAuthentication no";
    Site::with(Sshd::options().config(&keys.authorize(these)).config(only_keys).start(), |config| config)
}

fn all_kinds(keys: &Keys) -> [PathBuf; 3] {
    ["rsa", "ecdsa", "ed25519"].map(|kind| keys.make(kind))
}

#[test]
fn a_key_in_an_agent_logs_sftp_in() {
    let keys = Keys::new();
    let files = all_kinds(&keys);
    for key in &files {
        let site = site(&keys, &[key]);
        // The other keys come first, and are refused.
        let agent =
            files.iter().filter(|file| *file != key).fold(Agent::start(), |agent, file| agent.add(file));
        let agent = agent.add(key);
        let nobody = nobody();
        let mut variables = nobody.variables().to_vec();
        variables.push(("SSH_AUTH_SOCK", agent.socket()));
        assert_sftp_works(&site.bridge.connect_as(&site.bridge.user.name, ""), &variables, &site.sshd);
        assert_eq!(nobody.asked(), [""; 0]);
    }
}

#[test]
fn a_key_in_an_agent_logs_a_login_client_in() {
    let keys = Keys::new();
    let files = all_kinds(&keys);
    let site = site(&keys, &files.each_ref().map(|file| file.as_path()));
    let agent = files.iter().fold(Agent::start(), |agent, file| agent.add(file));
    for file in &files {
        let key = json!({ "agent": agent.socket(), "public": public(file) });
        let step = json!({ "method": "publickey", "user": site.bridge.user.name, "key": key });
        Login::run(&steps(&site.bridge, step)).assert_worked(&site.bridge.user.name);
    }
}

#[test]
fn the_bridges_own_agent_logs_a_known_person_in() {
    let keys = Keys::new();
    let key = keys.make("ed25519");
    let agent = Agent::start().add(&key);
    let sshd = Sshd::options().config(&keys.authorize(&[&key])).config("PasswordAuthentication no").start();
    let site = Site::with(sshd, |config| {
        config
            .upstream("credentials = \"agent\"")
            .upstream(&format!("agent_socket = {:?}", agent.socket()))
            .section(&crate::support::identity::trusted_header())
    });
    let request = site.bridge.anonymous().source(crate::support::identity::PROXY);
    let request = request.header(crate::support::identity::HEADER, &site.bridge.user.name);
    crate::support::session::Session::start(request.open()).is_alive();
    assert_eq!(site.sshd.accepted().len(), 1);
}

#[test]
fn an_empty_agent_does_not_let_sftp_in() {
    let keys = Keys::new();
    let key = keys.make("ed25519");
    let site = site(&keys, &[&key]);
    let agent = Agent::start();
    let nobody = nobody();
    let mut variables = nobody.variables().to_vec();
    variables.push(("SSH_AUTH_SOCK", agent.socket()));
    sftp_fails(&site.bridge.connect_as(&site.bridge.user.name, ""), &variables);
    assert_eq!(site.sshd.accepted(), [""; 0]);
}
