// websocket-sftp: no subprotocol, credentials in the URL.
"use strict";
const { parameters, done, failed, names } = require("./common");
const connect = require("./fork_client");

async function session() {
    const { remote, file, copy } = parameters;
    const { client, socket } = await connect();
    await client.putFile(file, `${remote}/file.bin`);
    const items = await client.list(remote);
    await client.getFile(`${remote}/file.bin`, copy);
    done({ protocol: socket.protocol, names: names(items) });
}

session().catch(failed);
