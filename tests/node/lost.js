// sftp-ws: what its user sees when the session is lost, in mid-transfer or idle.
"use strict";
const { parameters, done, failed } = require("./common");
const SFTP = require("sftp-ws");

const client = new SFTP.Client();
client.on("close", (error) => {
    const { message, code, nativeCode } = error || {};
    done({ message, code, nativeCode });
});

const block = Buffer.alloc(32768, 7);

// Four writes in flight for as long as it lasts, as an upload has them.
function keepWriting(handle, position) {
    client.write(handle, block, 0, block.length, position, (error) => {
        if (!error) {
            keepWriting(handle, position);
        }
    });
}

async function session() {
    await client.connect(parameters.url, { username: parameters.user, password: parameters.password });
    console.log("connected");
    if (parameters.idle) {
        return;
    }
    const handle = await client.open(`${parameters.remote}/lost.bin`, "w");
    await client.write(handle, block, 0, block.length, 0);
    for (let lane = 0; lane < 4; lane++) {
        keepWriting(handle, lane * block.length);
    }
    console.log("transferring");
}

session().catch(failed);
