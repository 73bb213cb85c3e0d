// What every script here needs: parameters from stdin, a result as the last line of stdout, and the clients mended for
// the Node of today.
"use strict";

// sftp-ws writes packet type 200 as a signed byte, which current Node refuses.
const writeInt8 = Buffer.prototype.writeInt8;
Buffer.prototype.writeInt8 = function (value, offset) {
    return writeInt8.call(this, value > 127 ? value - 256 : value, offset);
};
// Two versions of ws in one tree, one of them older than the native helper.
process.env.WS_NO_BUFFER_UTIL = "1";

const parameters = JSON.parse(require("fs").readFileSync(0, "utf8"));

function done(result) {
    console.log(JSON.stringify(result));
    process.exit(0);
}

function failed(error) {
    console.error(error);
    process.exit(1);
}

process.on("unhandledRejection", failed);
process.on("uncaughtException", failed);

const names = (items) => items.map((item) => item.filename).sort();

module.exports = { parameters, done, failed, names };
