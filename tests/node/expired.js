// An SSH server by ssh2: the password `expired` must be changed first, the answer to `slow` takes 5 seconds, and that to
// `flood` is one refusal after the other without end. The user `asked` gets questions only: for the password, and for
// a new one, as PAM asks them.
"use strict";
const fs = require("fs");
const { Server } = require("ssh2");

const { keys, banner } = JSON.parse(fs.readFileSync(0, "utf8"));

function flood(client) {
    for (let i = 0; i < 1000; i++) {
        // ssh2 itself answers nothing that was not asked.
        client._protocol._authsQueue.push("password");
        client._protocol.authFailure(["password"], false);
    }
    if (client._sock.writable) setImmediate(flood, client);
}

function byPassword(context, client) {
    if (context.password === "expired") {
        context.requestChange("Your password has expired. New password: ", () => context.reject(["password"]));
    } else if (context.password === "slow") {
        setTimeout(() => context.accept(), 5000);
    } else if (context.password === "flood") {
        flood(client);
    } else {
        context.reject(["password"]);
    }
}

function byQuestions(context) {
    const ask = (prompts, then) => context.prompt(prompts.map((prompt) => ({ prompt, echo: false })), then);
    const words = "You are required to change your password immediately (password expired).\n";
    ask(["Password: "], () =>
        ask([`${words}Current password: `], () =>
            ask(["New password: ", "Retype new password: "], ([one, other]) =>
                one === other ? context.accept() : context.reject(["keyboard-interactive"]),
            ),
        ),
    );
}

const server = new Server({ hostKeys: keys.map((key) => fs.readFileSync(key)), banner: banner || undefined });
server.on("connection", (client) => {
    client.on("error", () => {});
    client.on("authentication", (context) => {
        const [method, answer] =
            context.username === "asked" ? ["keyboard-interactive", byQuestions] : ["password", byPassword];
        context.method === method ? answer(context, client) : context.reject([method]);
    });
});
server.listen(0, "127.0.0.1", () => console.log(`port ${server.address().port}`));
