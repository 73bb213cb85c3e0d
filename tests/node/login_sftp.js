// As much of SFTP version 3 as the login's tests need, on a socket that is past `ready`.
"use strict";

const OPEN = 3;
const CLOSE = 4;
const WRITE = 6;
const REALPATH = 16;
const STATUS = 101;
const HANDLE = 102;
const NAME = 104;

const WRITE_FLAG = 2;
const CREATE_FLAG = 8;
const TRUNCATE_FLAG = 16;

const number = (value) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
};

const offset = (value) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(value));
    return bytes;
};

const string = (value) => Buffer.concat([number(Buffer.byteLength(value)), Buffer.from(value)]);

const packet = (kind, ...parts) => {
    const body = Buffer.concat([Buffer.from([kind]), ...parts]);
    return Buffer.concat([number(body.length), body]);
};

const stringAt = (bytes, at) => bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at));

module.exports = class Sftp {
    // `send` takes one packet; `received` is to be called with each that comes.
    constructor(send) {
        this.send = send;
        this.waiting = new Map();
        this.next = 1;
    }

    start() {
        return new Promise((resolve, reject) => {
            this.waiting.set("version", { resolve, reject });
            this.send(packet(1, number(3)));
        });
    }

    received(bytes) {
        const key = bytes[4] === 2 ? "version" : bytes.readUInt32BE(5);
        const waiting = this.waiting.get(key);
        this.waiting.delete(key);
        waiting.resolve(bytes);
    }

    lost(error) {
        for (const waiting of this.waiting.values()) {
            waiting.reject(error);
        }
        this.waiting.clear();
    }

    call(kind, ...parts) {
        const id = this.next++;
        return new Promise((resolve, reject) => {
            this.waiting.set(id, { resolve, reject });
            this.send(packet(kind, number(id), ...parts));
        });
    }

    async realpath(path) {
        const answer = await this.call(REALPATH, string(path));
        if (answer[4] !== NAME) {
            throw new Error(`REALPATH: packet type ${answer[4]}`);
        }
        return stringAt(answer, 13).toString();
    }

    async open(path, fresh) {
        const flags = WRITE_FLAG | (fresh ? CREATE_FLAG | TRUNCATE_FLAG : 0);
        const answer = await this.call(OPEN, string(path), number(flags), number(0));
        if (answer[4] !== HANDLE) {
            throw new Error(`OPEN: packet type ${answer[4]}`);
        }
        return stringAt(answer, 9);
    }

    async done(kind, ...parts) {
        const answer = await this.call(kind, ...parts);
        if (answer[4] !== STATUS || answer.readUInt32BE(9) !== 0) {
            throw new Error(`request ${kind} failed`);
        }
    }

    write(handle, at, data) {
        return this.done(WRITE, string(handle), offset(at), string(data));
    }

    close(handle) {
        return this.done(CLOSE, string(handle));
    }
};
