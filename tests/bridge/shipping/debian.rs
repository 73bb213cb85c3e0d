//! The Debian package: what is in it, and its life on a machine with systemd, from the installation to the purge. What is
//! typed there is what the README, docs/deployment/systemd.md and docs/logins.md say, word for word.

mod machine;
mod manual;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::support::certificates;
use crate::support::files::Scratch;
use crate::support::process::{run, tool};
use crate::support::wait::wait_until;
use machine::{HOST, Machine, PASSWORD, USER};
use manual::Manual;

/// Compressing takes its time, and others may be at it.
const PACKED: Duration = Duration::from_secs(600);

/// For what happens at once on a machine that has nothing else to do.
const SHORTLY: Duration = Duration::from_secs(60);

const SYSTEMD: &str = "docs/deployment/systemd.md";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Built anew, by the target that people use, into a folder of the test's own.
fn package(folder: &Path) -> PathBuf {
    let mut make = Command::new(tool("make"));
    make.arg("-C").arg(root()).arg("deb").arg(format!("DEB_FOLDER={}", folder.display()));
    run(&mut make, b"", PACKED).ok();
    let architecture = run(Command::new(tool("dpkg")).arg("--print-architecture"), b"", SHORTLY).ok().stdout;
    folder.join(format!("sftpbridge_{}-1_{}.deb", env!("CARGO_PKG_VERSION"), architecture.trim()))
}

#[test]
fn the_package_lives_from_its_installation_to_its_purge() {
    let files = Scratch::new();
    it_has_what_belongs_into_it(&package(files.path()));
    what_is_needed_without_it(files.path());
    certificates::authority(&files.join("ca.pem"));
    certificates::signed(&files.join("cert.pem"), &files.join("ca.pem"), "bridge", "DNS:files.example.org");
    let mut manual = Manual::read();
    let machine = Machine::boot(files.path());
    the_readme_leads_to_a_file_on_the_server(&machine, &mut manual);
    it_logs_in_by_certificates_when_sshd_is_told(&machine, &mut manual);
    it_runs_as_nobody_with_its_secrets(&machine, &mut manual);
    it_takes_sockets_of_systemd(&machine, &mut manual);
    an_upgrade_keeps_what_was_configured(&machine);
    a_purge_leaves_what_the_administrator_made_alone(&machine, &mut manual);
    it_runs_without_the_package_too(&machine, &mut manual);
    manual.is_done();
}

/// The part of a checkout that an installation by hand takes, with the binary in it.
fn what_is_needed_without_it(files: &Path) {
    let checkout = files.join("checkout");
    fs::create_dir_all(checkout.join("docker/systemd")).unwrap();
    let copy = |from: &Path, to: &str| fs::copy(from, checkout.join(to)).unwrap();
    copy(&root().join("target/dist/sftpbridge"), "sftpbridge");
    copy(&root().join("proxy.toml"), "proxy.toml");
    for unit in fs::read_dir(root().join("docker/systemd")).unwrap() {
        let unit = unit.unwrap();
        copy(&unit.path(), &format!("docker/systemd/{}", unit.file_name().display()));
    }
}

fn it_has_what_belongs_into_it(package: &Path) {
    let listed = run(Command::new(tool("dpkg-deb")).arg("--contents").arg(package), b"", SHORTLY).ok().stdout;
    let files: Vec<Vec<&str>> = listed.lines().map(|line| line.split_whitespace().collect()).collect();
    let wrong: Vec<_> = files.iter().filter(|file| file[1] != "0/0").collect();
    assert!(wrong.is_empty(), "not root's: {wrong:?}");
    let has = |path: &str, mode: &str| {
        let file = files.iter().find(|file| file[5].strip_prefix('.') == Some(path));
        assert_eq!(file.map(|file| file[0]), Some(mode), "{path} in\n{listed}");
    };
    has("/usr/bin/sftpbridge", "-rwxr-xr-x");
    for path in [
        "/etc/sftpbridge/proxy.toml",
        "/usr/lib/systemd/system/sftpbridge.service",
        "/usr/lib/systemd/system/sftpbridge.socket",
        "/usr/lib/systemd/system/sftpbridge-admin.socket",
        "/usr/share/man/man1/sftpbridge.1.gz",
        "/usr/share/man/man1/sftpbridge-serve.1.gz",
        "/usr/share/man/man5/proxy.toml.5.gz",
        "/usr/share/bash-completion/completions/sftpbridge",
        "/usr/share/zsh/vendor-completions/_sftpbridge",
        "/usr/share/fish/vendor_completions.d/sftpbridge.fish",
        "/usr/share/doc/sftpbridge/copyright",
        "/usr/share/doc/sftpbridge/changelog.Debian.gz",
    ] {
        has(path, "-rw-r--r--");
    }
    let commands = files.iter().filter(|file| file[5].contains("/man1/sftpbridge-")).count();
    assert_eq!(commands, 9, "a page for each command");
}

fn the_readme_leads_to_a_file_on_the_server(machine: &Machine, manual: &mut Manual) {
    let [install, configure, enable] = manual.take("README.md", "With the Debian package");
    machine.sh(&format!("cd /mnt\n{install}"));
    it_is_installed_and_not_started(machine);
    let checked = machine.sh(&format!("export SFTPBRIDGE_PASSWORD='{PASSWORD}'\n{configure}"));
    assert!(checked.contains("all is well"), "{checked}");
    machine.sh(&enable);
    a_file_arrives(machine, "ws://127.0.0.1:8022/sftp --user me", PASSWORD);
}

fn it_is_installed_and_not_started(machine: &Machine) {
    assert_eq!(machine.sh("sftpbridge --version"), concat!("sftpbridge ", env!("CARGO_PKG_VERSION")));
    let units = "sftpbridge.service sftpbridge.socket sftpbridge-admin.socket";
    assert_eq!(machine.try_sh(&format!("systemctl is-enabled {units}")).stdout, "disabled\n".repeat(3));
    assert_eq!(machine.try_sh(&format!("systemctl is-active {units}")).stdout, "inactive\n".repeat(3));
    assert_eq!(
        machine.sh("stat -c '%a %U' /etc/sftpbridge/secrets /etc/sftpbridge/proxy.toml"),
        "700 root\n644 root"
    );
    machine.sh(&format!("systemd-analyze verify --man=no {units}"));
    machine.sh(
        "sftpbridge man serve > /tmp/page; zcat /usr/share/man/man1/sftpbridge-serve.1.gz | cmp - /tmp/page",
    );
    machine.sh("bash -n /usr/share/bash-completion/completions/sftpbridge");
    // Whoever starts it as it is, is told what to do, and not again and again.
    machine.try_sh("systemctl start sftpbridge");
    assert!(machine.journal().contains("upstreams.main.known_hosts"), "{}", machine.journal());
    let (status, restarts) = (machine.property("ExecMainStatus"), machine.property("NRestarts"));
    assert_eq!((status.as_str(), restarts.as_str()), ("64", "0"));
}

/// In the home of the one who is logged in, by a stock client.
#[track_caller]
fn a_file_arrives(machine: &Machine, to: &str, password: &str) {
    machine.sh(&format!(
        "date > /tmp/file; rm -f ~me/file\n\
         export SFTPBRIDGE_PASSWORD='{password}'\n\
         echo put /tmp/file | sftp -q -b - -D 'sftpbridge connect {to}' >/dev/null\n\
         cmp /tmp/file ~me/file"
    ));
}

/// Everybody as themselves, up to the SSH server's own systemd.
fn it_logs_in_by_certificates_when_sshd_is_told(machine: &Machine, manual: &mut Manual) {
    let [make, trust, reload, config] =
        manual.take("docs/logins.md", "Everybody their own account: certificates");
    machine.sh(&format!(
        "mkdir /root/authority; cd /root/authority\n{make}\n\
         cat > proxy.toml <<'EOF'\n{config}EOF\n\
         sftpbridge keyscan {HOST} > known_hosts\n\
         echo wonderland | sftpbridge hash-password --user {USER} > users\n\
         cp user_ca.pub /etc/ssh/; cat >> /etc/ssh/sshd_config <<'EOF'\n{trust}EOF"
    ));
    let check = || machine.try_sh(&format!("cd /root/authority; sftpbridge check --user {USER}"));
    let before = check();
    assert_eq!(before.status.code(), Some(1), "sshd was not told yet: {}{}", before.stdout, before.stderr);
    machine.sh(&reload);
    // It starts itself anew.
    wait_until("sshd to trust the authority", SHORTLY, || check().status.success());
}

fn it_runs_as_nobody_with_its_secrets(machine: &Machine, manual: &mut Manual) {
    let [config] = manual.take(SYSTEMD, "Secrets");
    machine.sh(&format!(
        "cat > /etc/sftpbridge/proxy.toml <<'EOF'\n{config}\n\
         [audit]\nfile = \"/var/log/sftpbridge/audit.jsonl\"\nEOF\n\
         umask 077; cd /etc/sftpbridge/secrets\n\
         echo '{PASSWORD}' > password\n\
         echo wonderland | sftpbridge hash-password --user alice > users\n\
         systemctl restart sftpbridge"
    ));
    a_file_arrives(machine, "ws://127.0.0.1:8022/sftp --user alice", "wonderland");
    let (kind, state) = (machine.property("Type"), machine.property("ActiveState"));
    assert_eq!((kind.as_str(), state.as_str()), ("notify", "active"));
    let status = machine.sh(&format!("cat /proc/{}/status", machine.property("MainPID")));
    let field =
        |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
    let uid: u32 = field("Uid:").split_whitespace().next().unwrap().parse().unwrap();
    assert!((61184..=65519).contains(&uid), "{uid} is no dynamic user");
    for set in ["CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
        assert_eq!(u64::from_str_radix(&field(set), 16), Ok(0), "{set}");
    }
    assert_eq!((field("NoNewPrivs:").as_str(), field("Seccomp:").as_str()), ("1", "2"));
    let secrets = "stat -c %a /run/credentials/sftpbridge.service/secrets_password";
    assert_eq!(machine.sh(secrets), "400");
    let recorded = || machine.try_sh("grep alice /var/log/sftpbridge/audit.jsonl").status.success();
    wait_until("alice in the audit log", SHORTLY, recorded);
    let [reload] = manual.take(SYSTEMD, "Reload, restart, upgrade");
    machine.sh(&reload);
    wait_until("the journal to tell of SIGHUP", SHORTLY, || machine.journal().contains("hangup"));
    let [follow] = manual.take(SYSTEMD, "Logs");
    let followed = || machine.try_sh(&format!("timeout 2 {follow}")).stdout;
    wait_until("the journal to be followed", SHORTLY, || followed().contains("hangup"));
    machine.sh("systemctl stop sftpbridge");
    assert_eq!(machine.property("Result"), "success", "{}", machine.journal());
    assert!(machine.journal().contains("stopped"), "{}", machine.journal());
}

/// Among them one below 1024, which the bridge itself might not open.
fn it_takes_sockets_of_systemd(machine: &Machine, manual: &mut Manual) {
    let [tls, listen] = manual.take(SYSTEMD, "Port 443");
    machine.sh(&format!(
        "cp /etc/sftpbridge/proxy.toml /tmp/plain.toml\n\
         cat >> /etc/sftpbridge/proxy.toml <<'EOF'\n{tls}EOF\n\
         install -m 600 /mnt/cert.pem /etc/sftpbridge/secrets/cert.pem\n\
         install -m 600 /mnt/cert.key /etc/sftpbridge/secrets/key.pem"
    ));
    machine.sh(&listen);
    machine.sh("systemctl enable --quiet --now sftpbridge-admin.socket");
    assert!(!machine.is_active("sftpbridge"), "nobody has come yet");
    let at_443 = "wss://files.example.org/sftp --user alice --ca-file /mnt/ca.pem";
    a_file_arrives(machine, at_443, "wonderland");
    machine.sh("sftpbridge healthcheck http://127.0.0.1:9022/readyz");
    // The sockets stay while the bridge is away: who comes meanwhile waits.
    machine.sh("systemctl restart sftpbridge");
    a_file_arrives(machine, at_443, "wonderland");
    machine.sh(
        "systemctl disable --quiet --now sftpbridge.socket sftpbridge-admin.socket; systemctl stop sftpbridge\n\
         rm -r /etc/systemd/system/sftpbridge.socket.d /etc/sftpbridge/secrets/*.pem\n\
         mv /tmp/plain.toml /etc/sftpbridge/proxy.toml\n\
         systemctl daemon-reload; systemctl start sftpbridge",
    );
}

fn an_upgrade_keeps_what_was_configured(machine: &Machine) {
    let (old, config) = (machine.property("MainPID"), machine.sh("cat /etc/sftpbridge/proxy.toml"));
    machine.sh(
        "cd /tmp; dpkg-deb --raw-extract /mnt/*.deb next; sed -i 's/^Version: .*/&.1/' next/DEBIAN/control\n\
         echo '# another default' >> next/etc/sftpbridge/proxy.toml; dpkg-deb -Znone --build next next.deb\n\
         DEBIAN_FRONTEND=noninteractive apt-get install -o Dpkg::Options::=--force-confold ./next.deb",
    );
    assert_eq!(machine.sh("cat /etc/sftpbridge/proxy.toml"), config);
    assert_ne!(machine.property("MainPID"), old, "what runs is the new version");
    a_file_arrives(machine, "ws://127.0.0.1:8022/sftp --user alice", "wonderland");
}

fn a_purge_leaves_what_the_administrator_made_alone(machine: &Machine, manual: &mut Manual) {
    machine.sh("dpkg --remove sftpbridge");
    assert!(!machine.is_active("sftpbridge"));
    machine.sh("test -e /etc/sftpbridge/proxy.toml -a -e /var/log/sftpbridge/audit.jsonl");
    let [purge] = manual.take(SYSTEMD, "Uninstall");
    machine.sh(&purge);
    let left = "find /etc /usr /var/lib /var/log -name '*sftpbridge*' -not -path '/var/lib/dpkg/*'";
    assert_eq!(machine.sh(left), "/etc/sftpbridge");
    let own = machine.sh("cd /etc/sftpbridge; find . -type f | sort");
    assert_eq!(own, "./known_hosts\n./secrets/password\n./secrets/users");
    machine.sh("dpkg --install /mnt/*.deb; rm -r /etc/sftpbridge/known_hosts /etc/sftpbridge/secrets/*");
    machine.sh("dpkg --purge sftpbridge");
    assert_eq!(machine.sh(left), "", "nothing of the administrator's was there");
}

fn it_runs_without_the_package_too(machine: &Machine, manual: &mut Manual) {
    let [install] = manual.take(SYSTEMD, "Or install by hand");
    machine.sh(&format!("cd /mnt/checkout\n{install}"));
    let [configure, trust, enable] = manual.take(SYSTEMD, "Configure");
    machine.sh(&format!("{configure}{trust}{enable}"));
    a_file_arrives(machine, "ws://127.0.0.1:8022/sftp --user me", PASSWORD);
}
