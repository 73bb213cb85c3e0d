//! The bridge as nobody in particular, in a file system that it cannot write to.

use std::fs;
use std::process::Command;

use crate::support::Site;
use crate::support::bridge::binary;
use crate::support::files::{MIB, Scratch, random_bytes};
use crate::support::process::tool;
use crate::support::sshd::Sshd;
use crate::support::wait::SOON;

const UID: &str = "65532";

/// In a mount namespace of its own: the program where anybody may reach it, and everything read-only. $1 is an empty
/// file, $2 the program; the rest are its arguments.
const SCRIPT: &str = r#"
set -e
mount --bind "$2" "$1"
program=$1
shift 2
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
exec setpriv --reuid 65532 --regid 65532 --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs "$program" "$@"
"#;

#[test]
fn it_runs_without_root_without_capabilities_and_without_a_place_to_write_to() {
    let scratch = Scratch::new();
    let program = scratch.join("sftpbridge");
    fs::write(&program, "").unwrap();
    tool("setpriv");
    let mut site = Site::with(Sshd::start(), |config| {
        config.wrapped(move |bridge| {
            let mut unshare = Command::new(tool("unshare"));
            unshare.args(["--mount", "--propagation", "private", "sh", "-c", SCRIPT, "sh"]);
            unshare.arg(program).arg(binary()).args(bridge.get_args());
            unshare
        })
    });
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
