//! `make bench`: stock sftp through the bridge beside stock sftp over ssh, to the same sshd, in one run.
//!
//! The legs take turns, so that a slow minute of the machine hits both; what counts is the ratio of each pair,
//! and the bridge's own CPU seconds. Printed as a table, and written as JSON to `target/bench/throughput.json`.
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the tests' support, of which a measurement needs a part; it stops at what it did not expect"
)]

#[path = "../tests/bridge/support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use support::Site;
use support::connect::sftp;
use support::files::{MIB, Scratch, random_file, small_files};
use support::process::tool;

const LIMIT: Duration = Duration::from_secs(300);

/// Short by default; `BENCH_MIB` and `BENCH_ROUNDS` make it longer.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect(name))
}

struct Work {
    name: &'static str,
    commands: String,
    /// MiB moved, for the CPU seconds per GiB.
    mib: u64,
}

struct Row {
    name: &'static str,
    direct: f64,
    bridge: f64,
    ratio: f64,
    cpu_per_gib: Option<f64>,
}

fn main() {
    let (mib, rounds) = (setting("BENCH_MIB", 512), setting("BENCH_ROUNDS", 5));
    let site = Site::start();
    let scratch = Scratch::roomy(3 * mib * MIB);
    let remote = scratch.owned_by_user("remote");
    let bridge = site.bridge.connect_line();
    let direct = direct_line(&site, &scratch);
    let rows: Vec<Row> = works(&scratch, &remote, mib)
        .iter()
        .map(|work| measure(&site, work, &direct, &bridge, rounds))
        .collect();
    print(&rows, mib, rounds);
    write(&rows);
}

fn works(scratch: &Scratch, remote: &Path, mib: u64) -> Vec<Work> {
    let (file, copy, small) = (scratch.join("file"), scratch.join("copy"), scratch.join("small"));
    random_file(&file, mib * MIB);
    std::fs::create_dir(&small).unwrap();
    small_files(&small, 2000);
    let (file, copy, small, remote) = (file.display(), copy.display(), small.display(), remote.display());
    vec![
        Work { name: "put", commands: format!("put {file} {remote}/file"), mib },
        Work { name: "get", commands: format!("get {remote}/file {copy}"), mib },
        Work { name: "put 2,000 small files", commands: format!("put -r {small} {remote}/"), mib: 0 },
        Work { name: "connect, pwd", commands: "pwd".to_owned(), mib: 0 },
    ]
}

/// What `sftp` would run by itself, with the password from the same file.
fn direct_line(site: &Site, scratch: &Scratch) -> String {
    let known_hosts = scratch.join("known_hosts");
    std::fs::write(&known_hosts, site.sshd.known_hosts()).unwrap();
    format!(
        "{} -f {} {} -p {} -oUserKnownHostsFile={} -oPreferredAuthentications=password -oBatchMode=no {}@127.0.0.1 -s sftp",
        tool("sshpass").display(),
        site.bridge.password_file().display(),
        tool("ssh").display(),
        site.sshd.port,
        known_hosts.display(),
        site.bridge.user.name
    )
}

fn measure(site: &Site, work: &Work, direct: &str, bridge: &str, rounds: u64) -> Row {
    let mut pairs = Vec::new();
    let mut cpu = Vec::new();
    run(direct, work); // warms the page cache for both
    for _ in 0..rounds {
        let before = cpu_seconds(site);
        let through = run(bridge, work);
        cpu.push(cpu_seconds(site) - before);
        pairs.push((run(direct, work), through));
    }
    Row {
        name: work.name,
        direct: median(pairs.iter().map(|pair| pair.0)),
        bridge: median(pairs.iter().map(|pair| pair.1)),
        ratio: median(pairs.iter().map(|(direct, bridge)| bridge / direct)),
        cpu_per_gib: (work.mib > 0).then(|| median(cpu) * 1024.0 / work.mib as f64),
    }
}

fn run(transport: &str, work: &Work) -> f64 {
    let start = Instant::now();
    sftp(transport, &work.commands, LIMIT);
    start.elapsed().as_secs_f64()
}

/// User and system time of the bridge so far.
fn cpu_seconds(site: &Site) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", site.bridge.pid().as_raw_nonzero())).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0
}

fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn print(rows: &[Row], mib: u64, rounds: u64) {
    println!("{mib} MiB, {rounds} rounds, medians; ratio is bridge / direct of each pair, below 1 is faster");
    println!("{:<24}{:>10}{:>10}{:>8}{:>18}", "", "direct s", "bridge s", "ratio", "bridge CPU s/GiB");
    for row in rows {
        let cpu = row.cpu_per_gib.map_or_else(String::new, |cpu| format!("{cpu:.2}"));
        println!("{:<24}{:>10.3}{:>10.3}{:>8.2}{cpu:>18}", row.name, row.direct, row.bridge, row.ratio);
    }
}

fn write(rows: &[Row]) {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            serde_json::json!({
                "name": row.name, "direct_s": row.direct, "bridge_s": row.bridge,
                "ratio": row.ratio, "bridge_cpu_s_per_gib": row.cpu_per_gib,
            })
        })
        .collect();
    // Beside `tmp`, the folder that cargo gives to benchmarks in its target folder.
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench").join("throughput.json");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, serde_json::to_string_pretty(&rows).unwrap()).unwrap();
    println!("written to {}", file.display());
}
