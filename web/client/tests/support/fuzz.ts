/** Replies at random and replies that were damaged, to sessions with requests under way. The same at each run. */

import { concat, string, uint32 } from "../../src/bytes.ts";
import { decodeAttributes } from "../../src/codec/attributes.ts";
import { Type } from "../../src/codec/numbers.ts";
import * as requests from "../../src/codec/request.ts";
import { decodeHandle, decodeNames } from "../../src/codec/response.ts";
import { ProtocolError, SftpError } from "../../src/errors.ts";
import { type Asked, Session } from "../../src/session/session.ts";
import { Inbox, type Transport } from "../../src/transport/transport.ts";
import * as reply from "./server-codec.ts";

/** Delivers at once what the test gives it, and keeps the ids of what it is given. */
class Loop extends Inbox implements Transport {
  readonly protocol = "sftp";
  readonly bufferedAmount = 0;
  /** Requests without a reply: id and what is due. */
  readonly live = new Map<number, number>();
  readonly #dice: Dice;

  constructor(dice: Dice) {
    super();
    this.#dice = dice;
  }

  send(message: string | Uint8Array<ArrayBuffer> | Blob): void {
    const packet = message as Uint8Array;
    const view = new DataView(packet.buffer);
    if (packet[4] === Type.INIT) {
      const version = reply.version(reply.OPENSSH_EXTENSIONS);
      this.deliver(this.#dice.below(20) ? version : damaged(this.#dice, version));
    } else this.live.set(view.getUint32(5), DUE[packet[4] ?? 0] ?? Type.STATUS);
  }

  deliver(packet: Uint8Array): void {
    this.received(packet.slice().buffer);
  }

  close(): void {}
}

const DUE: Record<number, number> = {
  ...{ [Type.STAT]: Type.ATTRS, [Type.READDIR]: Type.NAME, [Type.OPEN]: Type.HANDLE },
  ...{ [Type.READ]: Type.DATA, [Type.EXTENDED]: Type.EXTENDED_REPLY },
};

/** mulberry32 */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  }

  bytes(most: number): Uint8Array {
    return Uint8Array.from({ length: this.below(most) }, () => this.below(256));
  }
}

const handle = new Uint8Array(4);

function ask(session: Session, dice: Dice, signal: AbortSignal): Promise<unknown> {
  const asked = <T>(operation: string, decode?: Asked<T>["decode"]): Asked<T> => ({
    operation,
    decode,
    signal: dice.below(8) ? undefined : signal,
  });
  switch (dice.below(6)) {
    case 0:
      return session.request(requests.stat("/"), Type.ATTRS, asked("stat", decodeAttributes));
    case 1:
      return session.request(requests.readdir(handle), Type.NAME, asked("readdir", decodeNames));
    case 2:
      return session.request(requests.open("/", 1), Type.HANDLE, asked("open", decodeHandle));
    case 3:
      return session.request(requests.read(handle, 0, 9), Type.DATA, asked("read"));
    case 4:
      return session.request(requests.extended("x"), Type.EXTENDED_REPLY, asked("x"));
    default:
      return session.request(requests.close(handle), Type.STATUS, asked("close"));
  }
}

function valid(dice: Dice, id: number, due: number): Uint8Array {
  const numbers = { size: dice.below(2 ** 31), mode: dice.below(2 ** 16) };
  if (!dice.below(4)) return reply.status(id, dice.below(40), String.fromCharCode(...dice.bytes(9)));
  switch (due) {
    case Type.ATTRS:
      return reply.attributes(id, dice.below(2) ? numbers : {});
    case Type.NAME:
      return reply.names(id, [{ name: dice.bytes(9), attributes: numbers }, { name: "b" }]);
    case Type.HANDLE:
      return reply.handle(id, "h".repeat(dice.below(260)));
    case Type.DATA:
      return reply.data(id, dice.bytes(30));
    case Type.EXTENDED_REPLY:
      return reply.extendedReply(id, dice.bytes(30));
    default:
      return reply.status(id);
  }
}

/** Flipped, cut, lengthened, with another length, or all at random. */
function damaged(dice: Dice, packet: Uint8Array): Uint8Array {
  const bytes = packet.slice();
  const view = new DataView(bytes.buffer);
  const whole = (payload: Uint8Array) => concat(uint32(payload.length), payload);
  switch (dice.below(7)) {
    case 0:
      bytes[dice.below(bytes.length)] = dice.below(256);
      return bytes;
    case 1:
      return bytes.subarray(0, dice.below(bytes.length));
    case 2:
      return concat(bytes, dice.bytes(20));
    case 3:
      return whole(bytes.subarray(4, 5 + dice.below(bytes.length - 4)));
    case 4:
      view.setUint32(5 + dice.below(bytes.length - 8), dice.below(2) ? 0xffffffff : dice.below(300));
      return bytes;
    case 5:
      return whole(concat(bytes.subarray(4, 9), dice.bytes(60)));
    default:
      return dice.below(2) ? dice.bytes(80) : string(dice.bytes(80));
  }
}

/** How a request may end. Anything else is a fault. */
function expected(error: unknown): boolean {
  return error instanceof ProtocolError || error instanceof SftpError || error === "enough";
}

/** Gives sessions so many replies in all, a new session after each death; tells how many there were. */
export async function fuzz(replies: number, seed: number): Promise<number> {
  const dice = new Dice(seed);
  let sessions = 0;
  // Most of the time would go into stacks that nobody reads. To see those of a fault, take this out.
  Error.stackTraceLimit = 0;
  while (replies > 0) {
    sessions++;
    const loop = new Loop(dice);
    const opening = Session.open(loop).then(
      (session) => session,
      (error) => error,
    );
    for (let turns = 0; turns < 8 && !loop.live.size; turns++) await null;
    for (const id of loop.live.keys()) loop.deliver(damagedSometimes(dice, reply.limits(id, 9, 9, 9, 9)));
    const session = await opening;
    replies -= 2;
    if (!(session instanceof Error)) replies -= await life(session, loop, dice);
    else if (!expected(session)) throw session;
  }
  return sessions;
}

const damagedSometimes = (dice: Dice, packet: Uint8Array) => (dice.below(9) ? packet : damaged(dice, packet));

async function life(session: Session, loop: Loop, dice: Dice): Promise<number> {
  const abort = new AbortController();
  let over = false;
  session.closed.then(() => {
    over = true;
  });
  loop.live.clear();
  const asked: Promise<unknown>[] = [];
  let replies = 0;
  while (!over && replies < 100) {
    while (loop.live.size < 4 && asked.length < 200) asked.push(ask(session, dice, abort.signal));
    if (!dice.below(50)) abort.abort("enough");
    const [id, due] = [...loop.live][dice.below(loop.live.size)] ?? [0, 0];
    loop.live.delete(id);
    loop.deliver(damagedSometimes(dice, valid(dice, id, due)));
    replies++;
    await null;
  }
  session.close();
  for (const result of await Promise.allSettled(asked)) {
    if (result.status === "fulfilled" || expected(result.reason)) continue;
    if (result.reason.message !== "the connection was closed") throw result.reason;
  }
  return replies;
}
