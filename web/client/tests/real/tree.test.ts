import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, type SftpClient } from "../../src/index.ts";
import type { FolderTarget } from "../../src/tree/folder.ts";
import { TreeError } from "../../src/tree/pool.ts";
import { Bridge } from "../support/bridge.ts";
import { until } from "../support/process.ts";
import { Sshd } from "../support/sshd.ts";
import { testUser } from "../support/user.ts";

let sshd: Sshd;
let bridge: Bridge;
let client: SftpClient;

beforeAll(async () => {
  sshd = await Sshd.start();
  bridge = await Bridge.start(sshd);
  const { name: user, password } = testUser();
  client = await connect(bridge.url, { auth: { method: "password", user, password } });
});

afterAll(async () => {
  await client?.close();
  await bridge?.[Symbol.asyncDispose]();
  await sshd?.[Symbol.asyncDispose]();
});

const ODD = [
  "line\nbreak",
  "x".repeat(255),
  "<img src=x onerror=alert(1)>",
  " ",
  "\\",
  "-rf",
  "\u202egpj.exe",
  "*",
];

/** Node's paths may be bytes, too. */
const bytes = (text: string) => Buffer.from(text, "latin1");
const local = (path: string) => `${sshd.files}/${path}`;
const own = (path: string) =>
  execFileSync("chown", ["-R", `${testUser().uid}:${testUser().gid}`, local(path)]);

/** The same for the same seed. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >> 8) % below;
  };
}

/** Directories, files, odd names, and links: to files, to directories, to what is above, and to nowhere. */
function plant(top: string, seed: number): void {
  const next = random(seed);
  const directories = [local(top)];
  mkdirSync(local(top));
  for (let at = 0; at < 120; at++) {
    const directory = directories[next(directories.length)] ?? "";
    const name = next(8) ? `n${at}` : `${at}${ODD[next(ODD.length)]}`.slice(0, 255);
    const path = `${directory}/${name}`;
    const kind = next(6);
    if (kind < 2) {
      mkdirSync(path);
      directories.push(path);
    } else if (kind === 2) {
      symlinkSync(
        [local("outside"), "..", ".", "nowhere", `${local("outside")}/precious`][next(5)] ?? "",
        path,
      );
    } else {
      writeFileSync(path, "x".repeat(next(3) ? next(5000) : next(400_000)));
      chmodSync(path, [0o644, 0o600, 0o755, 0o444][next(4)] ?? 0);
      lutimesSync(path, 1_000_000_000 + next(1000), 1_000_000_000 + next(1000));
    }
  }
  writeFileSync(Buffer.concat([Buffer.from(`${local(top)}/`), bytes("\xff\xfe raw")]), "raw");
  own(top);
}

/** What `find` and checksums say of a tree, without its times. */
const state = (top: string, format = "%P\\t%y\\t%m\\t%s\\t%l\\n") =>
  execFileSync(
    "find",
    [
      local(top),
      "-mindepth",
      "1",
      "(",
      "-type",
      "d",
      "-printf",
      "%P\\t%y\\t%m\\n",
      "-o",
      "-printf",
      format,
      ")",
    ],
    {
      encoding: "latin1",
    },
  )
    .split("\n")
    .sort();
const contents = (top: string) =>
  execFileSync("sh", ["-c", "find . -type f -print0 | sort -z | xargs -0 -r cksum"], {
    cwd: local(top),
    encoding: "latin1",
  });

test("20,000 files are listed as they are", async () => {
  mkdirSync(local("many"));
  for (let at = 0; at < 20_000; at++) writeFileSync(local(`many/${at}`), "");
  const entries = await client.readdir(local("many"));
  expect(entries.map(({ name }) => name).sort()).toEqual(readdirSync(local("many")).sort());
  let first = 0;
  for await (const page of client.list(local("many"))) {
    first = page.length;
    break;
  }
  expect(first).toBe(98);
  own("many");
  await client.remove(local("many"), { recursive: true });
  expect(existsSync(local("many"))).toBe(false);
});

test("random trees are removed whole, and what links lead to stays", async () => {
  mkdirSync(local("outside"));
  writeFileSync(local("outside/precious"), "precious");
  own("outside");
  for (let seed = 1; seed < 6; seed++) {
    plant("tree", seed);
    symlinkSync(local("tree"), local("link"));
    await client.remove(`${local("link")}/`, { recursive: true });
    expect([existsSync(local("link")), existsSync(local("tree"))]).toEqual([false, true]);
    await client.remove(local("tree"), { recursive: true });
    expect(existsSync(local("tree"))).toBe(false);
    expect(readFileSync(local("outside/precious"), "utf8")).toBe("precious");
  }
});

test("a tree of 1,000 levels is removed", async () => {
  mkdirSync(`${local("deep")}${"/d".repeat(1000)}`, { recursive: true });
  own("deep");
  let count = 0;
  const onProgress = ({ removed }: { removed: number }) => {
    count = removed;
  };
  await client.remove(local("deep"), { recursive: true, onProgress });
  expect(count).toBe(1001);
  expect(existsSync(local("deep"))).toBe(false);
});

test("what may not be removed stays, and is told", async () => {
  plant("locked", 7);
  mkdirSync(local("locked/root"));
  writeFileSync(local("locked/root/file"), "");
  const error = await client.remove(local("locked"), { recursive: true }).catch((it) => it);
  expect(error).toBeInstanceOf(TreeError);
  expect(error.failures[0]).toMatchObject({ path: local("locked/root/file"), error: { code: "EACCES" } });
  expect(readdirSync(local("locked"))).toEqual(["root"]);
  rmSync(local("locked"), { recursive: true });
});

test("copies of trees are the same, by copy-data and through here", async () => {
  if (!existsSync(local("outside"))) mkdirSync(local("outside"));
  for (const copyData of [true, false]) {
    for (let seed = 11; seed < 13; seed++) {
      plant("from", seed);
      chmodSync(local("from"), 0o750);
      await client.copy(local("from"), local("to"), { recursive: true, preserve: true, copyData });
      const format = "%P\\t%y\\t%m\\t%s\\t%l\\n";
      expect(state("to", format)).toEqual(state("from", format));
      expect(contents("to")).toBe(contents("from"));
      expect(lstatSync(local("to")).mode & 0o777).toBe(0o750);
      const times = (top: string) =>
        execFileSync("find", [".", "-type", "f", "-printf", "%P %Ts\\n"], {
          cwd: local(top),
          encoding: "latin1",
        })
          .split("\n")
          .sort();
      expect(times("to")).toEqual(times("from"));
      rmSync(local("to"), { recursive: true });
      rmSync(local("from"), { recursive: true });
    }
  }
});

test("a FIFO is told, and the rest is copied; a file that grows shorter meanwhile is no copy", async () => {
  mkdirSync(local("special"));
  writeFileSync(local("special/file"), "x");
  execFileSync("mkfifo", [local("special/fifo")]);
  own("special");
  const error = await client.copy(local("special"), local("special2"), { recursive: true }).catch((it) => it);
  expect(error.failures).toMatchObject([{ path: local("special/fifo") }]);
  expect(readdirSync(local("special2"))).toEqual(["file"]);
  writeFileSync(local("special/large"), new Uint8Array(40 << 20));
  own("special");
  // After the first 16 MiB.
  const onProgress = () => truncateSync(local("special/large"), 20 << 20);
  const copying = client.copy(local("special/large"), local("special2/large"), { onProgress });
  await expect(copying).rejects.toMatchObject({ code: "source" });
  await until("it to be tidied up", () => readdirSync(local("special2")).length === 1);
  await client.remove(local("special"), { recursive: true });
  await client.remove(local("special2"), { recursive: true });
});

test("files of /proc are copied whole", async () => {
  await client.copy("/proc/version", local("version"));
  expect(readFileSync(local("version"), "utf8")).toBe(readFileSync("/proc/version", "utf8"));
});

test("a directory is not copied into itself through a link", async () => {
  plant("self", 3);
  symlinkSync(local("self"), local("other"));
  await expect(client.copy(local("self"), local("other/x"), { recursive: true })).rejects.toThrow(/itself/);
  rmSync(local("self"), { recursive: true });
  rmSync(local("other"));
});

test("mkdir with `recursive` takes what is there, and tells of a file in the way", async () => {
  await client.mkdir(local("a/b/c"), { recursive: true });
  await client.mkdir(local("a/b/c"), { recursive: true });
  writeFileSync(local("a/file"), "");
  await expect(client.mkdir(local("a/file/x"), { recursive: true })).rejects.toThrow();
  await expect(client.mkdir(local("a/file"), { recursive: true })).rejects.toThrow(/in the way/);
});

/** A target that keeps everything. */
function memory(files: Map<string, string>, top = ""): FolderTarget {
  return {
    async directory(name) {
      files.set(`${top}${name}/`, "");
      return memory(files, `${top}${name}/`);
    },
    file(name) {
      const parts: Uint8Array<ArrayBuffer>[] = [];
      return {
        write: (chunk) => void parts.push(chunk.slice()),
        close: () => void files.set(`${top}${name}`, Buffer.concat(parts).toString("latin1")),
      };
    },
  };
}

test("1,000 small files, empty folders and odd names go up and come back", async () => {
  const source = [
    ...Array.from({ length: 1000 }, (_, at) => ({
      path: ["up", `${at % 10}`, `${at}`],
      file: new Blob([`content ${at}`]),
    })),
    { path: ["up", "empty", "in"] },
    ...ODD.map((name) => ({ path: ["up", "odd", name], file: new Blob([name]) })),
    { path: ["up", "large"], file: new Blob([new Uint8Array(3_000_000).fill(65)]) },
  ];
  const upload = client.uploadFolder(source, local("sent"));
  expect(await upload).toMatchObject({ files: 1000 + ODD.length + 1 });
  for (const { path, ...rest } of source) {
    const there = local(`sent/${path.join("/")}`);
    if ("file" in rest) expect(readFileSync(there, "utf8")).toBe(await (rest.file as Blob).text());
    else expect(lstatSync(there).isDirectory()).toBe(true);
  }
  expect(readdirSync(local("sent/up/odd")).length).toBe(ODD.length);
  writeFileSync(Buffer.concat([Buffer.from(`${local("sent/up/odd")}/`), bytes("\xff\xfe")]), "raw");
  const files = new Map<string, string>();
  const result = await client.downloadFolder(local("sent"), memory(files));
  expect(result.files).toBe(1000 + ODD.length + 2);
  expect(files.get("up/empty/in/")).toBe("");
  expect(files.get("up/7/777")).toBe("content 777");
  expect(files.get("up/large")?.length).toBe(3_000_000);
  expect(files.get("up/odd/line_break")).toBe("line\nbreak");
  expect(files.get("up/odd/\ufffd\ufffd")).toBe("raw");
  expect([...files.keys()].filter((name) => !/^[^\\:*?"<>|]+$/.test(name))).toEqual([]);
  own("sent");
  await client.remove(local("sent"), { recursive: true });
  expect(existsSync(local("sent"))).toBe(false);
});

test("names that are not UTF-8 are copied and removed by their bytes", async () => {
  mkdirSync(local("raw"));
  const name = Buffer.concat([Buffer.from(`${local("raw")}/`), bytes("\xff")]);
  mkdirSync(name);
  symlinkSync("x", Buffer.concat([name, Buffer.from("/"), bytes("\xfe")]));
  own("raw");
  await client.copy(local("raw"), local("raw2"), { recursive: true });
  const copied = Buffer.concat([Buffer.from(`${local("raw2")}/`), bytes("\xff/\xfe")]);
  expect(readlinkSync(copied)).toBe("x");
  await client.remove(local("raw"), { recursive: true });
  await client.remove(local("raw2"), { recursive: true });
  expect(existsSync(local("raw"))).toBe(false);
});
