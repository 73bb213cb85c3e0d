// A client of the subprotocol sftp-login.v1, written from its description alone. Logs in by `steps`, each tried once in
// their order, and does `then`. Prints a JSON line for each text message that it receives, without resume tokens, and
// at last the result.
"use strict";
const fs = require("fs");
const path = require("path");
const { parameters, done, failed } = require("./common");
const identity = require("./login_key");
const Sftp = require("./login_sftp");

// The current ws, which websocket-sftp brings; the one at the top of the tree is that of sftp-ws.
const WebSocket = require(require.resolve("ws", { paths: [path.dirname(require.resolve("websocket-sftp"))] }));

const CHUNK = 32768;
const WINDOW = 16;

class Closed extends Error {
    constructor(code, reason) {
        super(`closed: ${code} ${reason}`);
        this.code = code;
        this.reason = reason;
    }
}

// One socket: text messages wait in a queue for the conversation, binary ones go to SFTP.
class Bridge {
    constructor() {
        const { url, headers, from } = parameters;
        this.messages = [];
        this.sftp = new Sftp((bytes) => this.socket.send(bytes));
        this.socket = new WebSocket(url, "sftp-login.v1", {
            headers,
            localAddress: from,
            perMessageDeflate: false,
        });
        this.gone = new Promise((resolve) => {
            this.socket.on("close", (code, reason) => resolve(new Closed(code, reason.toString())));
        });
        this.gone.then((error) => {
            this.error = this.error || error;
            this.sftp.lost(this.error);
            this.wake();
        });
        this.socket.on("unexpected-response", (_, response) => {
            done({ status: response.statusCode, info: response.headers["sftp-authenticate-info"] || "" });
        });
        this.socket.on("error", (error) => (this.error = error));
        this.socket.on("message", (bytes, binary) => (binary ? this.sftp.received(bytes) : this.text(bytes)));
        this.wake = () => {};
    }

    text(bytes) {
        const message = JSON.parse(bytes.toString());
        const shown = message.resume_token ? { ...message, resume_token: "a token" } : message;
        console.log(JSON.stringify({ received: shown }));
        if (message.type !== "notice") {
            this.messages.push(message);
            this.wake();
        }
    }

    say(message) {
        this.socket.send(JSON.stringify(message));
    }

    async hear() {
        while (this.messages.length === 0) {
            if (this.error) {
                throw this.error;
            }
            await new Promise((resolve) => (this.wake = resolve));
        }
        return this.messages.shift();
    }

    // Cuts TCP, without a close frame.
    async cut() {
        this.socket.terminate();
        return this.gone;
    }

    async close() {
        this.socket.close(1000);
        return this.gone;
    }
}

function answerTo(prompt, answers) {
    const found = answers.find(([pattern]) => new RegExp(pattern, "i").test(prompt.text));
    if (!found) {
        throw new Error(`no answer to ${JSON.stringify(prompt.text)}`);
    }
    return found[1];
}

function request(step, key) {
    const { upstream, user, method, password, token } = step;
    return { type: "login", upstream, user, method, password, token, public_key: key && key.line };
}

// One `login` with all that belongs to it, up to `ready` or `failure`.
async function attempt(bridge, step) {
    const key = step.key && identity(step.key);
    bridge.say(request(step, key));
    for (;;) {
        const message = await bridge.hear();
        if (message.type === "prompt") {
            const answers = message.prompts.map((prompt) => answerTo(prompt, step.answers));
            bridge.say({ type: "answer", id: message.id, answers });
        } else if (message.type === "sign") {
            const signature = await key.sign(message.algorithm, Buffer.from(message.data, "base64"));
            bridge.say({ type: "signature", id: message.id, signature: signature.toString("base64") });
        } else {
            return message;
        }
    }
}

// The `ready` message, or the last `failure`.
async function login(bridge, steps) {
    const hello = await bridge.hear();
    if (hello.type !== "hello") {
        throw new Error(`${hello.type} in place of hello`);
    }
    let last;
    for (const step of steps) {
        last = await attempt(bridge, step);
        if (last.type === "ready" || !last.retry) {
            break;
        }
    }
    return last;
}

// Writes from `progress.acknowledged` on, many requests at a time. Ends once the socket is cut or all is written.
async function send(sftp, handle, data, progress, until) {
    let next = progress.acknowledged;
    const written = new Set();
    const lane = async () => {
        while (next < data.length && progress.acknowledged < until) {
            const at = next;
            next += CHUNK;
            await sftp.write(handle, at, data.subarray(at, at + CHUNK));
            written.add(at);
            while (written.delete(progress.acknowledged)) {
                progress.acknowledged = Math.min(progress.acknowledged + CHUNK, data.length);
            }
        }
        // Other lanes may have requests under way: those are lost with the socket.
        if (progress.acknowledged >= until) {
            throw new Error("the time of the cut has come");
        }
    };
    await Promise.all(Array.from({ length: WINDOW }, lane));
}

// Uploads a file while the socket is cut at the given offsets; each time the login is resumed by the last token.
async function upload(bridge, ready, { file, remote, cuts }) {
    const data = fs.readFileSync(file);
    const progress = { acknowledged: 0 };
    const offsets = [];
    for (const cut of [...cuts, Infinity]) {
        await bridge.sftp.start();
        const handle = await bridge.sftp.open(remote, progress.acknowledged === 0);
        offsets.push(progress.acknowledged);
        try {
            await send(bridge.sftp, handle, data, progress, cut);
            await bridge.sftp.close(handle);
            return { bridge, offsets };
        } catch (error) {
            if (cut === Infinity) {
                throw error;
            }
        }
        await bridge.cut();
        bridge = new Bridge();
        ready = await login(bridge, [{ method: "resume", token: ready.resume_token }]);
        if (ready.type !== "ready") {
            throw new Error(`not resumed: ${JSON.stringify(ready)}`);
        }
    }
}

async function main() {
    let bridge = new Bridge();
    const last = await login(bridge, parameters.steps);
    if (last.type !== "ready") {
        const closed = last.retry ? await bridge.close() : await bridge.gone;
        done({ failure: last.code, message: last.message, methods: last.methods, close: closed.code });
    }
    const result = { upstream: last.upstream, user: last.user, max_packet: last.max_packet };
    if (parameters.upload) {
        const uploaded = await upload(bridge, last, parameters.upload);
        bridge = uploaded.bridge;
        result.offsets = uploaded.offsets;
    } else {
        const version = await bridge.sftp.start();
        result.version = version.readUInt32BE(5);
        result.realpath = await bridge.sftp.realpath(parameters.path || ".");
    }
    const closed = await bridge.close();
    done({ ...result, close: closed.code });
}

main().catch(failed);
