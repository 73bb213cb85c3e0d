// sftp-ws: what its user reads when the opening handshake is refused.
"use strict";
const { parameters, done, failed } = require("./common");
const SFTP = require("sftp-ws");

const credentials = { username: parameters.user, password: parameters.password };
new SFTP.Client().connect(parameters.url, credentials, (error) => {
    if (!error) {
        failed(new Error("it was let in"));
    }
    done({ message: error.message, info: error.info || "" });
});
