// An OpenID Connect provider on loopback, with the forms of its development mode: any login and password will do.
// Prints `listening PORT`, and serves until it is killed.
"use strict";

const { generateKeyPairSync } = require("crypto");
const http = require("http");
const { clients } = JSON.parse(require("fs").readFileSync(0, "utf8"));

const key = (type, options, alg) => {
    const { privateKey } = generateKeyPairSync(type, options);
    return { ...privateKey.export({ format: "jwk" }), alg, use: "sig", kid: alg };
};

const claims = (sub) => ({
    sub,
    email: `${sub}@example.org`,
    email_verified: sub !== "unverified",
    groups: ["main", "archive"],
});

const configuration = {
    clients,
    jwks: {
        keys: [
            key("rsa", { modulusLength: 2048 }, "RS256"),
            key("ec", { namedCurve: "P-256" }, "ES256"),
            key("ed25519", {}, "EdDSA"),
        ],
    },
    claims: { openid: ["sub"], email: ["email", "email_verified"], groups: ["groups"] },
    scopes: ["openid", "email", "groups"],
    conformIdTokenClaims: false,
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256", "EdDSA", "HS256"] },
    cookies: { keys: ["a key for tests only"] },
    findAccount: (_, sub) => ({ accountId: sub, claims: async () => claims(sub) }),
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true } },
};

async function serve() {
    const { Provider } = await import("oidc-provider");
    let provider;
    const server = http.createServer((request, response) => provider(request, response));
    server.listen(0, "127.0.0.1", () => {
        const { port } = server.address();
        provider = new Provider(`http://127.0.0.1:${port}`, configuration).callback();
        console.log(`listening ${port}`);
    });
}

serve().catch((error) => {
    console.error(error);
    process.exit(1);
});
