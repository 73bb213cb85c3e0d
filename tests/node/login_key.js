// Keys of SSH on Node's own crypto: an OpenSSH or PEM file, or an ssh-agent, and signatures in SSH's form
// (RFC 4253, section 6.6; RFC 5656 for ECDSA; RFC 8332 for RSA; RFC 8709 for Ed25519).
"use strict";
const crypto = require("crypto");
const fs = require("fs");
const net = require("net");

const string = (bytes) => {
    const body = Buffer.from(bytes);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    return Buffer.concat([length, body]);
};

// A positive number in two's complement: no zeros in front, but one where the first bit is set.
const mpint = (bytes) => {
    const start = bytes.findIndex((byte) => byte !== 0);
    const digits = start < 0 ? Buffer.alloc(0) : Buffer.from(bytes.subarray(start));
    return string(digits[0] & 0x80 ? Buffer.concat([Buffer.alloc(1), digits]) : digits);
};

class Reader {
    constructor(bytes) {
        this.bytes = bytes;
        this.at = 0;
    }

    take(length) {
        this.at += length;
        if (this.at > this.bytes.length) {
            throw new Error("the key ends early");
        }
        return this.bytes.subarray(this.at - length, this.at);
    }

    number() {
        return this.take(4).readUInt32BE();
    }

    string() {
        return this.take(this.number());
    }
}

const base64url = (bytes, length = 0) => {
    const start = bytes.findIndex((byte) => byte !== 0);
    const digits = bytes.subarray(Math.max(start, 0));
    const padded = Buffer.concat([Buffer.alloc(Math.max(length - digits.length, 0)), digits]);
    return padded.toString("base64url");
};

const big = (bytes) => BigInt(`0x${bytes.toString("hex")}`);
const bytesOf = (number) => {
    const hex = number.toString(16);
    return Buffer.from(hex.length % 2 ? `0${hex}` : hex, "hex");
};

const CURVES = { nistp256: ["P-256", 32], nistp384: ["P-384", 48], nistp521: ["P-521", 66] };

// PROTOCOL.key of OpenSSH, without a passphrase (bcrypt's key derivation is not in Node).
function openssh(text) {
    const reader = new Reader(Buffer.from(text.replace(/-----[^-]+-----|\s/g, ""), "base64"));
    reader.take("openssh-key-v1\0".length);
    if (reader.string().toString() !== "none") {
        throw new Error("an encrypted OpenSSH key; give PEM");
    }
    reader.string();
    reader.string();
    reader.number();
    reader.string();
    const fields = new Reader(reader.string());
    fields.take(8);
    const kind = fields.string().toString();
    if (kind === "ssh-ed25519") {
        const [x, d] = [fields.string(), fields.string().subarray(0, 32)];
        const [publicPart, privatePart] = [x, d].map((bytes) => Buffer.from(bytes).toString("base64url"));
        return { kty: "OKP", crv: "Ed25519", x: publicPart, d: privatePart };
    }
    if (kind === "ssh-rsa") {
        const [n, e, d, qi, p, q] = Array.from({ length: 6 }, () => fields.string());
        const [dp, dq] = [p, q].map((prime) => bytesOf(big(d) % (big(prime) - 1n)));
        const numbers = Object.entries({ n, e, d, p, q, dp, dq, qi });
        return { kty: "RSA", ...Object.fromEntries(numbers.map(([name, value]) => [name, base64url(value)])) };
    }
    const [crv, length] = CURVES[fields.string().toString()];
    const point = fields.string();
    const [x, y] = [point.subarray(1, 1 + length), point.subarray(1 + length)];
    const d = fields.string();
    return { kty: "EC", crv, x: base64url(x, length), y: base64url(y, length), d: base64url(d, length) };
}

function load({ file, passphrase }) {
    const text = fs.readFileSync(file, "utf8");
    return text.includes("BEGIN OPENSSH")
        ? crypto.createPrivateKey({ key: openssh(text), format: "jwk" })
        : crypto.createPrivateKey({ key: text, format: "pem", passphrase });
}

const HASHES = {
    "ssh-rsa": "sha1",
    "rsa-sha2-256": "sha256",
    "rsa-sha2-512": "sha512",
    "ecdsa-sha2-nistp256": "sha256",
    "ecdsa-sha2-nistp384": "sha384",
    "ecdsa-sha2-nistp521": "sha512",
    "ssh-ed25519": null,
};

function signedByFile(key, algorithm, data) {
    if (!(algorithm in HASHES)) {
        throw new Error(`asked for a signature by ${algorithm}`);
    }
    const hash = HASHES[algorithm];
    if (!algorithm.startsWith("ecdsa-")) {
        return Buffer.concat([string(algorithm), string(crypto.sign(hash, data, key))]);
    }
    const pair = crypto.sign(hash, data, { key, dsaEncoding: "ieee-p1363" });
    const [r, s] = [pair.subarray(0, pair.length / 2), pair.subarray(pair.length / 2)];
    return Buffer.concat([string(algorithm), string(Buffer.concat([mpint(r), mpint(s)]))]);
}

const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;
const AGENT_FLAGS = { "rsa-sha2-256": 2, "rsa-sha2-512": 4 };

// draft-miller-ssh-agent, section 3.6.
function signedByAgent(socket, publicBlob, algorithm, data) {
    const flags = Buffer.alloc(4);
    flags.writeUInt32BE(AGENT_FLAGS[algorithm] || 0);
    const request = Buffer.concat([Buffer.from([SIGN_REQUEST]), string(publicBlob), string(data), flags]);
    return new Promise((resolve, reject) => {
        const agent = net.connect(socket);
        let answer = Buffer.alloc(0);
        agent.on("error", reject);
        agent.on("end", () => reject(new Error("the agent went away")));
        agent.on("data", (bytes) => {
            answer = Buffer.concat([answer, bytes]);
            if (answer.length < 4 || answer.length < 4 + answer.readUInt32BE()) {
                return;
            }
            agent.destroy();
            answer[4] === SIGN_RESPONSE
                ? resolve(new Reader(answer.subarray(5)).string())
                : reject(new Error("the agent does not sign"));
        });
        agent.write(string(request));
    });
}

// `key`: { file, passphrase } or { agent }, and `public`: the file with the public key or the certificate.
module.exports = function identity(key) {
    const line = fs.readFileSync(key.public, "utf8").trim();
    const blob = Buffer.from(line.split(" ")[1], "base64");
    const loaded = key.agent ? null : load(key);
    return {
        line,
        sign: async (named, data) => {
            const algorithm = named.replace("-cert-v01@openssh.com", "");
            return loaded
                ? signedByFile(loaded, algorithm, data)
                : signedByAgent(key.agent, blob, algorithm, data);
        },
    };
};
