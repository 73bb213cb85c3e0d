// sftp-ws without credentials: the first 401 makes it ask for them, the second is final.
"use strict";
const { parameters, done } = require("./common");
const SFTP = require("sftp-ws");

const seen = { prompts: [], connected: false };
const authenticate = (instructions, queries) => {
    seen.instructions = instructions || "";
    seen.prompts.push(queries.map((query) => query.name));
    return { username: parameters.user, password: parameters.password };
};

new SFTP.Client().connect(parameters.url, { authenticate }, (error) => {
    if (error) {
        done({ ...seen, message: error.message, info: error.info || "" });
    }
    done({ ...seen, connected: true });
});
