// An SSH server by ssh2 as they were in 2010: SHA-1 and CBC alone, and no word on which signatures it knows (RFC 8308 is
// of 2018). It takes one RSA key, signed for by SHA-1, and tells by which algorithm each signature is.
"use strict";
const fs = require("fs");
const { Server, utils } = require("ssh2");

const { key, authorized } = JSON.parse(fs.readFileSync(0, "utf8"));
const known = utils.parseKey(fs.readFileSync(authorized));

const algorithms = {
    serverHostKey: ["ssh-rsa"],
    kex: ["diffie-hellman-group14-sha1"],
    cipher: ["aes128-cbc"],
    hmac: ["hmac-sha1"],
};

// ssh2 sends the list of signatures to whoever would take it: here nobody would.
function sayNothingOfSignatures(protocol) {
    let exchange;
    Object.defineProperty(protocol, "_kex", {
        get: () => exchange,
        set: (next) => {
            exchange = next;
            next && Object.defineProperty(next, "remoteExtInfoEnabled", { get: () => false, set: () => {} });
        },
    });
}

function authenticate(context) {
    const mine = context.method === "publickey" && context.key.data.equals(known.getPublicSSH());
    if (!mine || context.hashAlgo) {
        return context.reject(["publickey"]);
    }
    if (!context.signature) {
        return context.accept();
    }
    if (!known.verify(context.blob, context.signature)) {
        return context.reject(["publickey"]);
    }
    console.log(`accepted ${context.key.algo}`);
    context.accept();
}

function serve(sftp) {
    sftp.on("REALPATH", (id) => sftp.name(id, [{ filename: "/", longname: "/", attrs: {} }]));
}

const server = new Server({ hostKeys: [fs.readFileSync(key)], algorithms });
server.on("connection", (client) => {
    sayNothingOfSignatures(client._protocol);
    client.on("error", () => {});
    client.on("authentication", authenticate);
    client.on("session", (accept) => accept().on("sftp", (accept) => serve(accept())));
});
server.listen(0, "127.0.0.1", () => console.log(`port ${server.address().port}`));
