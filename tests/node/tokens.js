// JSON Web Tokens by Node's crypto: good ones, and for each check that a reader may forget one that is bad.
"use strict";
const crypto = require("crypto");
const { parameters, done } = require("./common");

const { issuer, audience, user } = parameters;
const issuers = crypto.generateKeyPairSync("ed25519");
const rsa = crypto.generateKeyPairSync("rsa", { modulusLength: 2048 });
const foreign = crypto.generateKeyPairSync("ed25519");

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

const SIGNERS = {
    EdDSA: (text, key) => crypto.sign(null, text, key),
    RS256: (text, key) => crypto.sign("sha256", text, key),
    HS256: (text, key) => crypto.createHmac("sha256", key).update(text).digest(),
    none: () => Buffer.alloc(0),
};

function token(claims, { alg = "EdDSA", kid = "ed", key = issuers.privateKey } = {}) {
    const text = `${encode({ alg, kid, typ: "JWT" })}.${encode(claims)}`;
    return `${text}.${SIGNERS[alg](Buffer.from(text), key).toString("base64url")}`;
}

const now = Math.floor(Date.now() / 1000);
const claims = { iss: issuer, aud: audience, sub: user, exp: now + 600, upstreams: ["main"] };
const without = (name) => Object.fromEntries(Object.entries(claims).filter(([claim]) => claim !== name));
const good = token(claims);
const [head, body, signature] = good.split(".");
// The bytes that a confused reader would take for a shared secret.
const publicText = rsa.publicKey.export({ type: "spki", format: "pem" });

done({
    jwks: {
        keys: [
            { ...issuers.publicKey.export({ format: "jwk" }), kid: "ed", use: "sig", alg: "EdDSA" },
            { ...rsa.publicKey.export({ format: "jwk" }), kid: "rsa", use: "sig", alg: "RS256" },
        ],
    },
    tokens: {
        good,
        good_by_rsa: token(claims, { alg: "RS256", kid: "rsa", key: rsa.privateKey }),
        good_elsewhere: token({ ...claims, upstreams: ["other"] }),
        good_in_staff: token({ ...claims, groups: ["x", "staff"] }),
        good_for_two: token({ ...claims, aud: ["another", audience] }),
        forged: token(claims, { key: foreign.privateKey }),
        changed: [head, encode({ ...claims, sub: "root" }), signature].join("."),
        unsigned: token(claims, { alg: "none" }),
        stripped: `${head}.${body}.`,
        by_public_key: token(claims, { alg: "HS256", kid: "rsa", key: publicText }),
        by_unknown_key: token(claims, { kid: "nobody", key: foreign.privateKey }),
        expired: token({ ...claims, exp: now - 600 }),
        endless: token(without("exp")),
        too_early: token({ ...claims, nbf: now + 600 }),
        for_another: token({ ...claims, aud: "another" }),
        for_nobody: token(without("aud")),
        by_another: token({ ...claims, iss: "https://another.example" }),
        nameless: token(without("sub")),
        hyphen: token({ ...claims, sub: "-oProxyCommand=x" }),
        garbage: "not.a.token",
    },
});
