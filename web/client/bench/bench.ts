/**
 * How fast windows are on paths of all kinds, and what a `stat` beside a transfer takes: one table from one run, through a
 * link, the bridge and sshd. Ends with 1 where the adaptive window is not what it should be.
 */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chownSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { WebSocket } from "ws";
import { type ConnectOptions, connect, type WebSocketConstructor, webSocket } from "../src/core.ts";
import type { Direction } from "../src/window/shared.ts";
import { Bridge } from "../tests/support/bridge.ts";
import { FixedWindow } from "../tests/support/fixed-window.ts";
import type { LinkOptions } from "../tests/support/link.ts";
import { FILE, type Measured, percentile, pump } from "../tests/support/pump.ts";
import { Sshd } from "../tests/support/sshd.ts";
import { testUser } from "../tests/support/user.ts";

interface Point {
  readonly name: string;
  /** Bits per second; 0: as fast as it goes. */
  readonly rate: number;
  /** Milliseconds. */
  readonly rtt: number;
  readonly seconds: number;
}

const POINTS: readonly Point[] = [
  { name: "10 Mbit/s, 40 ms", rate: 10e6, rtt: 40, seconds: 6 },
  { name: "50 Mbit/s, 100 ms", rate: 50e6, rtt: 100, seconds: 8 },
  { name: "100 Mbit/s, 20 ms", rate: 100e6, rtt: 20, seconds: 5 },
  { name: "400 Mbit/s, 200 ms", rate: 400e6, rtt: 200, seconds: 16 },
  { name: "no limit, 100 ms", rate: 0, rtt: 100, seconds: 10 },
  { name: "2 Mbit/s, 300 ms", rate: 2e6, rtt: 300, seconds: 12 },
  { name: "loopback", rate: 0, rtt: 0, seconds: 4 },
];

const KINDS = ["adaptive", "64 x 32 KiB", "64 x 255 KiB", "sftp-ws"] as const;
type Kind = (typeof KINDS)[number];
const FIXED: Partial<Record<Kind, readonly [number, number]>> = {
  "64 x 32 KiB": [64, 32_768],
  "64 x 255 KiB": [64, 261_120],
};

interface Row {
  readonly point: string;
  readonly rtt: number;
  readonly rate: number;
  readonly direction: Direction;
  readonly kinds: Record<Kind, Measured>;
}

const option = (name: string): string | undefined =>
  process.argv.find((it) => it.startsWith(`--${name}=`))?.slice(name.length + 3);
const say = (line: string) => process.stdout.write(`${line}\n`);
const mega = (rate: number) => (rate / 1e6).toFixed(rate < 100e6 ? 1 : 0);

/** The link's process, and its port. */
async function startLink(
  port: number,
  options: LinkOptions,
): Promise<{ process: ChildProcess; port: number }> {
  const file = new URL("link.mjs", import.meta.url).pathname;
  const child = spawn(process.execPath, [file, String(port), JSON.stringify(options)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const line = await new Promise<string>((resolve) =>
    child.stdout.once("data", (data) => resolve(String(data))),
  );
  return { process: child, port: Number(line.split(" ")[1]) };
}

class Bench {
  readonly #sshd: Sshd;
  readonly #bridge: Bridge;
  readonly #folder = mkdtempSync(join(tmpdir(), "sftpbridge-bench-"));

  constructor(sshd: Sshd, bridge: Bridge) {
    this.#sshd = sshd;
    this.#bridge = bridge;
    const { uid, gid } = testUser();
    for (const name of ["read", "write"]) {
      writeFileSync(join(sshd.files, name), "");
      chownSync(join(sshd.files, name), uid, gid);
    }
    truncateSync(join(sshd.files, "read"), FILE);
  }

  async row(point: Point, direction: Direction): Promise<Row> {
    const legs: [Kind, Measured][] = [];
    // Repeated as a whole, so that what is compared is close in time.
    for (let turn = 0; turn < Number(option("repeat") ?? 1); turn++)
      for (const kind of KINDS) legs.push([kind, await this.#leg(point, direction, kind)]);
    const kinds = Object.fromEntries(
      KINDS.map((kind) => {
        const measured = legs.filter(([it]) => it === kind).map(([, it]) => it);
        return [
          kind,
          {
            rate: measured.reduce((sum, { rate }) => sum + rate, 0) / measured.length,
            stats: measured.flatMap(({ stats }) => stats).sort((a, b) => a - b),
          },
        ];
      }),
    ) as unknown as Record<Kind, Measured>;
    return { point: point.name, rtt: point.rtt, rate: point.rate, direction, kinds };
  }

  end(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #leg(point: Point, direction: Direction, kind: Kind): Promise<Measured> {
    const link = await startLink(this.#bridge.port, {
      delay: point.rtt / 2,
      ...(point.rate && { rate: point.rate }),
      // TCP is slow at first, whatever the window is.
      ...(point.rtt && { initialWindow: 14_480 }),
    });
    const url = new URL(this.#bridge.url);
    url.port = String(link.port);
    try {
      return await (kind === "sftp-ws"
        ? this.#sftpWs(point, direction, url.href)
        : this.#own(point, direction, url.href, FIXED[kind]));
    } finally {
      link.process.kill();
    }
  }

  async #own(
    point: Point,
    direction: Direction,
    url: string,
    fixed?: readonly [number, number],
  ): Promise<Measured> {
    const { name: user, password } = testUser();
    const options: ConnectOptions = {
      auth: { method: "password", user, password },
      reconnect: false,
      transport: webSocket(WebSocket as unknown as WebSocketConstructor),
    };
    const client = await connect(url, options);
    const seconds = Number(option("seconds") ?? point.seconds);
    const window = fixed && new FixedWindow(...fixed);
    try {
      return await pump(client, direction, join(this.#sshd.files, direction), seconds * 1000, window);
    } finally {
      client.close().catch(() => {});
    }
  }

  /** Four requests of 32 KiB: what they can carry in about five seconds. */
  async #sftpWs(point: Point, direction: Direction, url: string): Promise<Measured> {
    const window = (4 * 32_768 * 1000) / Math.max(point.rtt, 1);
    const bytes = Math.min(FILE, Math.floor(5 * Math.min(window, (point.rate || 400e6) / 8)));
    const { name: user, password } = testUser();
    const local = join(this.#folder, "local");
    const remote = join(this.#sshd.files, direction === "write" ? "write" : "short");
    for (const file of [local, remote]) writeFileSync(file, "");
    truncateSync(direction === "write" ? local : remote, bytes);
    const parameters = JSON.stringify({ url, user, password, direction, local, remote, bytes });
    const script = new URL("../sftp-ws.cjs", import.meta.url).pathname;
    const { stdout } = await promisify(execFile)(process.execPath, [script, parameters], {
      timeout: 120_000,
    });
    return JSON.parse(stdout);
  }
}

/** What is not as it should be. */
function faults({ point, rtt, rate, direction, kinds }: Row): string[] {
  const { adaptive } = kinds;
  const best = Math.max(kinds["64 x 32 KiB"].rate, kinds["64 x 255 KiB"].rate);
  const p50 = percentile(adaptive.stats, 0.5);
  const wrong: string[] = [];
  const must = (holds: boolean, claim: string) => holds || wrong.push(`${point}, ${direction}: not ${claim}`);
  must(
    adaptive.rate >= 0.9 * best,
    `90 % of the best fixed window (${((100 * adaptive.rate) / best).toFixed()} %)`,
  );
  must(p50 <= rtt + 150, `a stat within the round trip and 150 ms (${p50.toFixed()} ms)`);
  must(rate !== 10e6 || adaptive.rate >= 0.9 * rate, `90 % of the link (${mega(adaptive.rate)} Mbit/s)`);
  must(rtt !== 100 || rate !== 0 || adaptive.rate >= 10 * kinds["sftp-ws"].rate, "ten times sftp-ws");
  return wrong;
}

function table(rows: readonly Row[]): string {
  const lines = [["path", "", ...KINDS.flatMap((kind) => [kind, "stat p50 / p95"])]];
  for (const { point, direction, kinds } of rows) {
    const cells = KINDS.flatMap((kind) => {
      const { rate, stats } = kinds[kind];
      return [mega(rate), `${percentile(stats, 0.5).toFixed()} / ${percentile(stats, 0.95).toFixed()}`];
    });
    lines.push([point, direction === "write" ? "up" : "down", ...cells]);
  }
  const widths = (lines[0] ?? []).map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, at) => (at < 2 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
        .join("  "),
    )
    .join("\n");
}

createRequire(import.meta.url).resolve("sftp-ws");
await using sshd = await Sshd.start();
await using bridge = await Bridge.start(sshd);
const bench = new Bench(sshd, bridge);
const wanted = option("points")?.split(",");
const rows: Row[] = [];
for (const point of POINTS.filter(({ name }) => !wanted || wanted.some((it) => name.startsWith(it)))) {
  for (const direction of ["write", "read"] as const) {
    say(`${point.name}, ${direction === "write" ? "up" : "down"} …`);
    rows.push(await bench.row(point, direction));
  }
}
bench.end();
say(
  `\nMbit/s over the whole of a transfer, its start in it; milliseconds of a stat beside it\n${table(rows)}\n`,
);
const file = option("json");
if (file) writeFileSync(file, JSON.stringify(rows, undefined, 1));
const wrong = rows.flatMap(faults);
for (const fault of wrong) say(fault);
process.exitCode = wrong.length ? 1 : 0;
