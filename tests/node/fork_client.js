// websocket-sftp, connected as it connects by itself; its WebSocket is kept to see what was negotiated.
"use strict";
const { parameters } = require("./common");
const path = require("path");

const entry = require.resolve("websocket-sftp");
const WebSocket = require(require.resolve("ws", { paths: [path.dirname(entry)] }));
const { Client } = require("websocket-sftp");

let socket;
const connection = WebSocket.prototype.setSocket;
WebSocket.prototype.setSocket = function (...args) {
    socket = this;
    return connection.apply(this, args);
};

module.exports = async function connect() {
    const url = new URL(parameters.url);
    url.username = parameters.user;
    url.password = parameters.password;
    const client = new Client();
    await client.connect(url.href, {});
    return { client, socket };
};
