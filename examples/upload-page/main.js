// @ts-check
/** The page: logs in, takes files, and gives them to the list that sends them. */

import { element, setting } from "./elements.js";
import { explain } from "./explain.js";
import { UploadList } from "./list.js";
import { connect, entriesOf, IndexedDbCheckpoints, join } from "./sftpbridge-client/index.js";

/** @import { ConnectionState, FolderSource, SftpClient, SftpPath } from "./sftpbridge-client/index.js" */

/** @type {SftpClient | undefined} */
let client;
/** @type {SftpPath} */
let inbox = "";

const login = element("#login", HTMLFormElement);
const refusal = element("#refusal", HTMLElement);
const sending = element("#sending", HTMLElement);
const notice = element("#notice", HTMLElement);
const drop = element("#drop", HTMLElement);
const picker = element("#files", HTMLInputElement);

/** How far files came, so that they go on when they are chosen again after a reload. No content, and no secrets. */
const checkpoint = new IndexedDbCheckpoints();

const list = new UploadList((path, file) => {
  if (!client) throw new Error("Log in first.");
  // A file of that name stays: this one is called "report (2).pdf" then.
  return client.upload(file, inInbox(path), { conflict: "rename", preserveMtime: true, checkpoint });
});

/** @param {readonly string[]} names @returns {SftpPath} */
const inInbox = (names) => names.reduce((folder, name) => join(folder, name), inbox);

/** @param {string} [text] nothing hides it */
function say(text = "") {
  notice.textContent = text;
  notice.hidden = !text;
}

/**
 * The password stays in the memory of the client, which may need it when a connection was lost. It is written nowhere:
 * not into an address, and not into localStorage.
 *
 * @param {string} user
 * @param {string} password
 */
async function enter(user, password) {
  const signal = AbortSignal.timeout(60_000);
  const opened = await connect(setting("bridge"), { auth: { method: "password", user, password }, signal });
  try {
    inbox = join(await opened.realpath(".", { signal }), setting("folder"));
    await opened.mkdir(inbox, { recursive: true, signal });
  } catch (error) {
    await opened.close();
    throw error;
  }
  opened.connection.listen(({ state, error }) => state && attend(state, error));
  client = opened;
}

/** @param {ConnectionState} state @param {unknown} error */
function attend(state, error) {
  if (state === "reconnecting") say("The connection is lost. Sending goes on by itself when it is back.");
  else if (state === "ready") say();
  else if (state === "closed") {
    // For good, after ten minutes of trying. The list stays, and goes on after the next login.
    say(`The connection has ended: ${explain(error)} Log in again to go on.`);
    show(login);
  }
}

/** @param {HTMLElement} part */
function show(part) {
  login.hidden = part !== login;
  sending.hidden = part !== sending;
  part.querySelector("input")?.focus();
}

login.addEventListener("submit", async (event) => {
  event.preventDefault();
  const data = new FormData(login);
  const button = element("button", HTMLButtonElement, login);
  button.disabled = true;
  refusal.textContent = "";
  try {
    await enter(String(data.get("user")), String(data.get("password")));
    login.reset();
    say();
    show(sending);
    list.retry();
  } catch (error) {
    refusal.textContent = explain(error);
  } finally {
    button.disabled = false;
  }
});

/** Everything that was picked or dropped, folders with what is in them. @param {FolderSource} source */
async function send(source) {
  // At once, in the handler of the drop: its items are gone afterwards.
  for await (const { path, file } of entriesOf(source)) {
    try {
      if (file) list.add(path, typeof file === "function" ? await file() : file);
      else await client?.mkdir(inInbox(path), { recursive: true });
    } catch (error) {
      say(`${path.join("/")}: ${explain(error)}`);
    }
  }
}

picker.addEventListener("change", () => {
  send([...(picker.files ?? [])]);
  picker.value = "";
});

for (const type of ["dragenter", "dragover"])
  drop.addEventListener(type, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
for (const type of ["dragleave", "drop"]) drop.addEventListener(type, () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  send(event.dataTransfer?.items ?? []);
});

// A file that is dropped beside the zone would be opened in place of this page.
for (const type of ["dragover", "drop"]) addEventListener(type, (event) => event.preventDefault());

addEventListener("beforeunload", (event) => {
  if (list.busy) event.preventDefault();
});
