// websocket-sftp: the largest requests that it makes, 1 MiB each way.
"use strict";
const { parameters, done, failed } = require("./common");
const connect = require("./fork_client");
const fs = require("fs");

const MEBIBYTE = 1 << 20;

const readLarge = (client, handle) =>
    new Promise((resolve, reject) => {
        const buffer = Buffer.alloc(MEBIBYTE);
        client.read(handle, buffer, 0, MEBIBYTE, 0, (error, _, length) => (error ? reject(error) : resolve(length)));
    });

async function session() {
    const path = `${parameters.remote}/large.bin`;
    fs.writeFileSync(path, Buffer.alloc(2 * MEBIBYTE, 1));
    fs.chmodSync(path, 0o666);
    const { client } = await connect();
    const handle = await client.open(path, "r+");
    const read = await readLarge(client, handle);
    const refusal = await client.write(handle, Buffer.alloc(MEBIBYTE), 0, MEBIBYTE, 0).then(
        () => "",
        (error) => error.message,
    );
    const stats = await client.stat(path);
    done({ read, refusal, alive: stats.size === 2 * MEBIBYTE });
}

session().catch(failed);
