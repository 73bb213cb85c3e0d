//! Clients that people use, under policies that let them read, or write in one place.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::site;
use super::tree::{CANARY, Snapshot, plant};
use crate::support::Site;
use crate::support::connect::{Mount, sftp, sftp_in};
use crate::support::files::{Scratch, assert_same_bytes, random_file};
use crate::support::node::{node, result};
use crate::support::sshd::Sshd;
use crate::support::user::User;

const QUICK: Duration = Duration::from_secs(30);

fn list(site: &Site, remote: &Path) -> serde_json::Value {
    let user = &site.bridge.user;
    let parameters =
        json!({"url": site.bridge.url(), "user": user.name, "password": user.password, "remote": remote});
    result(node("list.js", &parameters))["names"].take()
}

/// Lists and reads by sftp, sshfs and sftp-ws, and fails to write.
fn assert_reads_only(site: &Site, root: &Path) {
    let before = Snapshot::of(root);
    let scratch = Scratch::new();
    let copy = scratch.join("copy");
    let commands = format!(
        "cd {root}/sub\nls -l\ncd ..\npwd\nget file {copy}\nls -l sub",
        root = root.display(),
        copy = copy.display()
    );
    let said = sftp(&site.bridge.connect_line(), &commands, QUICK);
    assert!(said.stdout.contains("deep") && said.stdout.contains(" sub/file"), "{}", said.stdout);
    assert_eq!(fs::read_to_string(&copy).unwrap(), CANARY);
    for command in [
        "rm file",
        "mkdir new",
        "rename file x",
        "chmod 600 file",
        "ln -s file x",
        &format!("put {} x", copy.display()),
    ] {
        let said =
            sftp_in(&site.bridge.connect_line(), &[], &format!("cd {}\n{command}", root.display()), QUICK);
        assert!(!said.status.success(), "{command}");
        assert!(said.stderr.to_lowercase().contains("permission denied"), "{command}: {}", said.stderr);
    }

    let mount = Mount::new(&site.bridge, root, scratch.join("mount"));
    assert_eq!(fs::read_to_string(mount.path().join("sub/file")).unwrap(), CANARY);
    assert_eq!(fs::read_dir(mount.path()).unwrap().count(), fs::read_dir(root).unwrap().count());
    for error in [
        fs::write(mount.path().join("file"), "x").unwrap_err(),
        fs::write(mount.path().join("new"), "x").unwrap_err(),
        fs::remove_file(mount.path().join("file")).unwrap_err(),
        fs::create_dir(mount.path().join("new")).unwrap_err(),
    ] {
        assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
    }
    mount.unmount();

    assert_eq!(list(site, root), fs::read_dir(root).unwrap().count());
    assert_eq!(Snapshot::of(root), before);
}

#[test]
fn a_read_only_server_is_read_by_every_client_and_written_by_none() {
    let site = site("read_only = true");
    let root = site.sshd.files();
    plant(&root);
    assert_reads_only(&site, &root);
}

#[test]
fn one_directory_is_read_by_every_client_and_the_rest_is_not_there() {
    let site = site(r#"paths = ["read $F", "none /**"]"#);
    let root = site.sshd.files();
    plant(&root);
    assert_reads_only(&site, &root);
    let said = sftp_in(&site.bridge.connect_line(), &[], "ls /etc", QUICK);
    assert!(!said.status.success() && !said.stdout.contains("passwd"), "{}", said.stdout);
}

#[test]
fn one_directory_is_written_by_every_client() {
    let site = site(r#"paths = ["write $F/in", "read $F", "none /**"]"#);
    let scratch = Scratch::new();
    let (file, copy, inside) = (scratch.join("file"), scratch.join("copy"), site.sshd.files().join("in"));
    random_file(&file, 3_000_000);
    fs::create_dir(&inside).unwrap();
    crate::support::files::give_to_user(&inside);
    let commands = format!(
        "cd {}\nmkdir sub\nput {} sub/one.part\nrename sub/one.part sub/one\nchmod 640 sub/one\nget sub/one {}\nrm sub/one\nrmdir sub",
        inside.display(),
        file.display(),
        copy.display(),
    );
    sftp(&site.bridge.connect_line(), &commands, QUICK);
    assert_same_bytes(&file, &copy);
    let mount = Mount::new(&site.bridge, &inside, scratch.join("mount"));
    fs::create_dir(mount.path().join("dir")).unwrap();
    fs::copy(&file, mount.path().join("dir/one")).unwrap();
    fs::rename(mount.path().join("dir/one"), mount.path().join("two")).unwrap();
    assert_same_bytes(&file, &mount.path().join("two"));
    fs::remove_dir(mount.path().join("dir")).unwrap();
    mount.unmount();
    assert_same_bytes(&file, &inside.join("two"));
    fs::remove_file(inside.join("two")).unwrap();
    let (user, again) = (&site.bridge.user, scratch.join("file.bin"));
    fs::rename(&file, &again).unwrap();
    let parameters = json!({
        "url": site.bridge.url(), "user": user.name, "password": user.password, "remote": inside,
        "file": again, "copy": copy,
    });
    assert_eq!(result(node("session.js", &parameters))["left"], json!([]));
}

/// sshfs of the home itself never asks where it is: all its paths are relative.
#[test]
fn sshfs_of_the_home_works_where_the_operator_says_where_that_is() {
    let user = User::read();
    let home = format!("/home/{}", user.name);
    let lines = r#"paths = ["read /home/{user}", "none /**"]"#.to_owned() + "\nhome = \"/home/{user}\"";
    let site = site(&lines);
    let scratch = Scratch::new();
    let mount = Mount::new(&site.bridge, Path::new(""), scratch.join("mount"));
    assert_eq!(fs::read_dir(mount.path()).unwrap().count(), fs::read_dir(&home).unwrap().count());
    assert!(fs::write(mount.path().join("new"), "x").is_err());
    mount.unmount();
    assert!(!Path::new(&home).join("new").exists());
}

#[test]
fn a_policy_without_sense_stops_the_start() {
    let sshd = Sshd::start();
    let folder = Scratch::new();
    let file = folder.join("proxy.toml");
    let text = format!(
        "[upstreams.main]\naddress = \"127.0.0.1:{}\"\nhost_keys = {:?}\n[upstreams.main.policy]\ndeny = [\"close\"]\n",
        sshd.port,
        sshd.keys.fingerprints()
    );
    fs::write(&file, text).unwrap();
    let mut command = std::process::Command::new(crate::support::bridge::binary());
    let said = crate::support::process::run(command.arg("serve").arg("--config").arg(&file), b"", QUICK);
    assert!(
        !said.status.success() && said.stderr.contains("upstreams.main.policy: deny: close"),
        "{}",
        said.stderr
    );
}
