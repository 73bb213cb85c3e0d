// sftp-ws: everything that a person does with files, in one session.
"use strict";
const { parameters, done, failed, names } = require("./common");
const SFTP = require("sftp-ws");

async function session() {
    const { url, user, password, remote, file, copy } = parameters;
    const client = new SFTP.Client();
    await client.connect(url, { username: user, password });
    const dir = `${remote}/dir`;
    const seen = {};
    await client.mkdir(dir);
    await client.upload(file, dir);
    seen.uploaded = names(await client.list(dir));
    await client.rename(`${dir}/file.bin`, `${dir}/renamed.bin`);
    seen.renamed = names(await client.list(dir));
    await client.link(`${dir}/renamed.bin`, `${dir}/hard.bin`);
    await client.symlink(`${dir}/renamed.bin`, `${dir}/soft.bin`);
    seen.linked = names(await client.list(dir));
    seen.readlink = await client.readlink(`${dir}/soft.bin`);
    await client.getFile(`${dir}/hard.bin`, copy);
    for (const name of ["soft.bin", "hard.bin", "renamed.bin"]) {
        await client.unlink(`${dir}/${name}`);
    }
    seen.left = names(await client.list(dir));
    await client.rmdir(dir);
    client.on("close", () => setTimeout(() => done(seen), 100));
    client.end();
}

session().catch(failed);
