// sftp-ws: a listing, which it reads with several READDIRs in flight.
"use strict";
const { parameters, done, failed, names } = require("./common");
const SFTP = require("sftp-ws");

async function list() {
    const client = new SFTP.Client();
    await client.connect(parameters.url, { username: parameters.user, password: parameters.password });
    const items = await client.list(parameters.remote);
    done({ names: new Set(names(items)).size });
}

list().catch(failed);
