// One transfer by the package sftp-ws, with a `stat` every 200 ms beside it. Parameters as JSON in argv, the result on stdout.
"use strict";

// It writes packet type 200 as a signed byte, which current Node refuses.
const writeInt8 = Buffer.prototype.writeInt8;
Buffer.prototype.writeInt8 = function (value, offset) {
  return writeInt8.call(this, value > 127 ? value - 256 : value, offset);
};
// Its ws is older than the native helper.
process.env.WS_NO_BUFFER_UTIL = "1";
const SFTP = require("sftp-ws");

async function run({ url, user, password, direction, local, remote, bytes }) {
  const client = new SFTP.Client();
  await client.connect(url, { username: user, password });
  const stats = [];
  const timer = setInterval(() => {
    const sent = performance.now();
    client.stat("/").then(() => stats.push(performance.now() - sent));
  }, 200);
  const started = performance.now();
  if (direction === "write") await client.putFile(local, remote);
  else await client.getFile(remote, local);
  const rate = (bytes * 8000) / (performance.now() - started);
  clearInterval(timer);
  stats.sort((a, b) => a - b);
  process.stdout.write(JSON.stringify({ rate, stats }), () => process.exit(0));
}

run(JSON.parse(process.argv[2])).catch((error) => {
  process.stderr.write(`${error.stack}\n`, () => process.exit(1));
});
