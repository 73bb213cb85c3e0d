/** Everything that belongs to one login: what the rooms of the page share. */

import { computed, effect, signal } from "@preact/signals";
import { type Entry, join, type SftpPath } from "sftpbridge-client";
import type { RemoteClient } from "sftpbridge-client/worker";
import { Actions } from "../actions/actions.ts";
import { Links } from "../files/links.ts";
import { keyOf, Listing } from "../files/listing.ts";
import { typeOf } from "../files/mode.ts";
import { entryTowards, formatPlace, nameOf, parentOf, parsePlace } from "../files/place.ts";
import { Rows } from "../files/rows.ts";
import { Selection } from "../files/selection.ts";
import { ListView } from "../files/view.ts";
import { Visits } from "../files/visits.ts";
import { patience } from "../session/patience.ts";
import { session as current, type Session } from "../session/session.ts";
import { accountOf, attend } from "../transfers/attend.ts";
import { Transfers } from "../transfers/transfers.ts";
import { UnfinishedUploads } from "../transfers/unfinished.ts";
import { closeDialogs } from "../ui/ask.tsx";
import { clearNotices, say } from "../ui/notices.tsx";
import { COMMANDS } from "./all-commands.ts";
import { openContextMenu } from "./menus.ts";
import { run } from "./run.ts";
import { words } from "./words.ts";

export class Workspace {
  readonly session: Session;
  readonly client: RemoteClient;
  readonly listing: Listing;
  readonly rows: Rows;
  readonly view: ListView;
  readonly links: Links;
  readonly selection = new Selection();
  readonly transfers = new Transfers();
  readonly unfinished: UnfinishedUploads;
  /** The selected entries, in the order of the rows. */
  readonly selected = computed(() => {
    const keys = this.selection.keys.value;
    return keys.size ? this.rows.shown.value.filter((entry) => keys.has(keyOf(entry))) : [];
  });
  /** The key of the entry whose name is being written over. */
  readonly renaming = signal<string | undefined>(undefined);
  readonly actions: Actions;
  readonly #visits = new Visits();
  readonly #defaultUpstream: string;
  readonly #stops: readonly (() => void)[];
  readonly #leave: () => void;
  /** Whether a directory was shown. */
  #isSomewhere = false;

  constructor(session: Session, defaultUpstream: string) {
    this.session = session;
    this.client = session.client;
    this.#defaultUpstream = defaultUpstream;
    this.listing = new Listing(session.client);
    this.rows = new Rows(this.listing);
    this.actions = new Actions(session.client, () => void this.refresh());
    this.view = new ListView(this.rows);
    this.links = new Links(session.client);
    this.#stops = [
      effect(() => this.#forget()),
      effect(() => this.#keepInSight()),
      current.subscribe(this.#end),
    ];
    this.unfinished = new UnfinishedUploads(accountOf(session));
    this.#leave = attend(this);
    addEventListener("hashchange", this.#follow);
    this.#follow();
  }

  /** The directory where the person is. */
  get path(): SftpPath {
    return this.listing.path.value;
  }

  /** Whether something is under way that ends with the login. */
  get isBusy(): boolean {
    return this.transfers.active || this.actions.jobs.active;
  }

  pathOf(entry: Entry): SftpPath {
    return join(this.path, entry);
  }

  /** Goes to a directory; the browser's Back comes from there. */
  go(path: SftpPath): void {
    location.hash = this.linkTo(path);
  }

  /** Runs the first of these commands that is there and available; `false` where none is. */
  perform(...ids: readonly string[]): boolean {
    for (const id of ids) {
      const command = COMMANDS.find((it) => it.id === id);
      if (command?.available(this) !== true) continue;
      void run(command, this);
      return true;
    }
    return false;
  }

  /** At a place of the window; without one, where the cursor is. */
  contextMenu(at?: { readonly x: number; readonly y: number }): void {
    const cursor = document.querySelector(".row.cursor") ?? document.getElementById("files");
    const place = at ?? cursor;
    if (place) openContextMenu(this, place);
  }

  /** For links. */
  linkTo(path: SftpPath): string {
    const { upstream } = this.session;
    return formatPlace({ upstream: upstream === this.#defaultUpstream ? undefined : upstream, path });
  }

  async refresh(): Promise<void> {
    this.links.enter(this.path);
    await this.listing.refresh();
  }

  /** As if one came here now. */
  reload(): Promise<void> {
    return this.#show(this.path);
  }

  close(): void {
    removeEventListener("hashchange", this.#follow);
    this.#leave();
    this.transfers.close();
    for (const stop of this.#stops) stop();
    this.view.close();
    this.listing.close();
    this.links.enter("/");
  }

  /** Whoever logs in next is not asked, nor shown, what was of this login. What is told of its end comes later, and stays. */
  readonly #end = (now: Session | undefined) => {
    if (now === this.session) return;
    this.actions.jobs.stop();
    closeDialogs();
    clearNotices();
  };

  /** What has gone is not selected any more. */
  #forget(): void {
    const { state, entries } = this.listing;
    if (state.value === "complete" && this.selection.keys.peek().size)
      this.selection.keep(new Set(entries.value.map(keyOf)));
  }

  /** Wherever the cursor is put, now or when that entry is listed. */
  #keepInSight(): void {
    const key = this.selection.cursor.value;
    if (key !== undefined) this.view.want({ key });
  }

  readonly #follow = () => {
    const { selection, view } = this;
    const { upstream, path = this.session.home } = parsePlace(location.hash);
    if ((upstream || this.#defaultUpstream) !== this.session.upstream) return this.#stay();
    this.#isSomewhere = true;
    this.renaming.value = undefined;
    const from = this.path;
    this.#visits.leave({ top: view.top.value, cursor: selection.cursor.value });
    const seen = this.#visits.arrive();
    selection.clear();
    this.rows.filter.value = "";
    void this.#show(path);
    view.want(undefined);
    if (seen?.cursor) selection.move(seen.cursor);
    if (seen) return view.want({ top: seen.top });
    // The way up leads to where one was.
    const towards = entryTowards(path, from);
    if (towards) selection.move(keyOf(towards));
  };

  /** A link to another server: what has that path at this one is something else. */
  #stay(): void {
    if (location.hash) say(words().otherServer);
    history.replaceState(history.state, "", this.linkTo(this.#isSomewhere ? this.path : this.session.home));
    if (!this.#isSomewhere) this.#follow();
  }

  async #show(path: SftpPath): Promise<void> {
    this.view.go(0);
    this.links.enter(path);
    await this.listing.open(path);
    if (this.listing.state.value !== "failed" || this.path !== path) return;
    // A link to a file leads to its folder.
    const signal = patience();
    const attributes = await this.client.stat(path, { signal }).catch(() => ({}));
    if (typeOf(attributes) !== "file" || this.path !== path) return;
    const folder = parentOf(path);
    history.replaceState(history.state, "", this.linkTo(folder));
    this.selection.only(keyOf(nameOf(path)));
    await this.#show(folder);
  }
}
