//! The bridge as nobody in particular, in a file system that it cannot write to.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::support::Site;
use crate::support::bridge::binary;
use crate::support::files::{MIB, Scratch, random_bytes};
use crate::support::process::{run, tool};
use crate::support::sshd::Sshd;
use crate::support::wait::SOON;

const UID: &str = "65532";

/// In a mount namespace of its own: the program where anybody may reach it. $1 is an empty file, $2 the program; the rest
/// are its arguments.
const BEGIN: &str = r#"
set -e
mount --bind "$2" "$1"
program=$1
shift 2
"#;

/// Everything else read-only.
const READ_ONLY: &str = r#"
while read -r _ target _; do
    case $target in
    /proc* | /sys*) ;;
    *) mount -o remount,bind,ro "$target" 2>/dev/null || true ;;
    esac
done </proc/self/mounts
# It can be told apart from a root that was left as it was.
if touch "$program.canary" 2>/dev/null; then
    echo 'the file system is not read-only' >&2
    exit 1
fi
"#;

const RUN: &str = r#"
exec setpriv --reuid 65532 --regid 65532 --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs "$program" "$@"
"#;

/// `program` is a place for it; `mounts` is [`READ_ONLY`] or nothing.
fn as_nobody(program: &Path, mounts: &str, bridge: &Command) -> Command {
    fs::write(program, "").unwrap();
    tool("setpriv");
    let mut unshare = Command::new(tool("unshare"));
    let script = [BEGIN, mounts, RUN].concat();
    unshare.args(["--mount", "--propagation", "private", "sh", "-c", &script, "sh"]);
    unshare.arg(program).arg(binary()).args(bridge.get_args());
    unshare
}

#[test]
fn it_runs_without_root_without_capabilities_and_without_a_place_to_write_to() {
    let scratch = Scratch::new();
    let program = scratch.join("sftpbridge");
    let wrap = move |bridge: &Command| as_nobody(&program, READ_ONLY, bridge);
    let mut site = Site::with(Sshd::start(), |config| config.wrapped(wrap));
    let status = fs::read_to_string(format!("/proc/{}/status", site.bridge.pid().as_raw_nonzero())).unwrap();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(field("Uid"), [UID; 4].join(" "));
    assert_eq!(field("Gid"), [UID; 4].join(" "));
    for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        assert_eq!(u64::from_str_radix(&field(set), 16), Ok(0), "{set}");
    }
    assert_eq!(field("NoNewPrivs"), "1");

    let (data, name) = (random_bytes(MIB), site.sshd.remote("file"));
    let mut session = site.session();
    session.put(&name, &data);
    assert!(fs::read(&name).unwrap() == data);
    session.ws.send_close(1000);
    assert_eq!(site.bridge.session_end().number("close_code"), 1000);
    site.bridge.terminate();
    assert!(site.bridge.wait_exit(SOON).success());
    let log = site.bridge.log();
    assert!(!log.contains("denied") && !log.contains("Read-only"), "{log}");
}

const PIN: &str = "host_keys = [\"SHA256:Nh0Me49Zh9fDw/VYUfq43IJmI1T+XrjiYONPND8GzaM\"]";

fn upstream(text: &str) -> String {
    format!("[upstreams.main]\naddress = \"127.0.0.1:22\"\n{text}\n")
}

/// The one line that `serve` says when it cannot start with this configuration, and its exit code.
#[track_caller]
fn refused(scratch: &Scratch, mounts: &str, text: &str, mode: u32) -> (String, Option<i32>) {
    let (program, file) = (scratch.join("sftpbridge"), scratch.join("proxy.toml"));
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
    let mut serve = Command::new(binary());
    serve.arg("serve").arg("--config").arg(&file);
    let said = run(&mut as_nobody(&program, mounts, &serve), b"", SOON);
    // The log may have had something to say before.
    let lines = said.stderr.lines().filter(|line| line.starts_with("sftpbridge: "));
    assert_eq!(lines.count(), 1, "{}", said.stderr);
    (said.stderr, said.status.code())
}

#[test]
fn a_file_that_it_may_not_read_is_named_with_the_user_that_it_is() {
    let scratch = Scratch::new();
    let secret = scratch.join("secret");
    fs::write(&secret, "canary").unwrap();
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).unwrap();
    let tls = "[listen.tls]\ncertificate = \"secret\"\nkey = \"secret\"";
    let oidc = "[identity.oidc]\nissuer = \"https://id.example.org\"\nclient_id = \"files\"\n\
                redirect_url = \"https://files.example.org/auth/callback\"\ncookie_key_file = \"secret\"";
    for (text, mode, place) in [
        (upstream(PIN), 0o600, "proxy.toml: "),
        (upstream("known_hosts = \"secret\""), 0o644, "upstreams.main.known_hosts: "),
        (upstream(&format!("{PIN}\n{tls}")), 0o644, "listen.tls.certificate: "),
        (upstream(&format!("{PIN}\n[identity]\nusers_file = \"secret\"")), 0o644, "identity.users_file: "),
        (upstream(&format!("{PIN}\n{oidc}")), 0o644, "identity.oidc.cookie_key_file: "),
    ] {
        let (said, code) = refused(&scratch, READ_ONLY, &text, mode);
        assert_eq!(code, Some(64), "{place} {said}");
        let wanted = format!("cannot be read by uid {UID}: Permission denied");
        assert!(said.contains(place) && said.contains(&wanted), "{place} {said}");
    }
}

#[test]
fn of_a_place_that_it_may_not_write_to_it_says_what_would_help() {
    let scratch = Scratch::new();
    for (name, mode) in [("closed", 0o755), ("open", 0o777)] {
        fs::create_dir(scratch.join(name)).unwrap();
        fs::set_permissions(scratch.join(name), Permissions::from_mode(mode)).unwrap();
    }
    let denied = &*format!("Permission denied (os error 13) for uid {UID}; let this user write there");
    let read_only = "Read-only file system (os error 30); in a container put it on a volume";
    let missing = "No such file or directory (os error 2); make its folder first";
    for (folder, mounts, wanted) in
        [("closed", "", denied), ("open", READ_ONLY, read_only), ("missing", "", missing)]
    {
        let main = upstream(PIN);
        let acme = "acme_domains = [\"files.example.org\"]";
        for (text, place, code) in [
            (format!("{main}[audit]\nfile = \"{folder}/log\""), "audit.file: ", 64),
            (format!("{main}[listen]\naddress = \"unix:{folder}/sock\""), "listen.address: ", 1),
            (format!("{main}[admin]\naddress = \"unix:{folder}/sock\""), "admin.address: ", 1),
            (format!("{main}[listen.tls]\n{acme}\nacme_cache = \"{folder}\""), "listen.tls.acme_cache: ", 64),
        ] {
            // This folder it makes itself, where it may.
            let wanted =
                if (place, folder) == ("listen.tls.acme_cache: ", "missing") { denied } else { wanted };
            let (said, found) = refused(&scratch, mounts, &text, 0o644);
            assert_eq!(found, Some(code), "{place}{said}");
            assert!(said.contains(place) && said.contains(wanted), "{place}{wanted}\n{said}");
        }
    }
}
