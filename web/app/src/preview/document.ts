/** A text at the server that is edited: what it was when it was read or written last, and how it is written back. */

import { join, SftpError, type SftpPath } from "sftpbridge-client";
import type { RemoteClient } from "sftpbridge-client/worker";
import { parentOf } from "../files/place.ts";
import { ExplainedError } from "../text/explain.ts";
import { bytesOf, isSame, MOST_TEXT } from "./file.ts";
import { type Decoded, decode, encode, forEditing, withEnds } from "./text.ts";
import { words } from "./words.ts";

type Editing = Pick<RemoteClient, "readable" | "upload">;

/** What somebody else has made of it; nothing where it is gone. */
export interface Changed {
  readonly theirs: string | undefined;
}

const refuse = () => new ExplainedError("no text that can be edited", () => words().cannotEdit);

export class EditedText {
  readonly path: SftpPath;
  /** As it was read or written last, for a field. */
  text: string;
  readonly #client: Editing;
  readonly #mark: boolean;
  #bytes: Uint8Array<ArrayBuffer>;
  #whole: string;

  private constructor(
    client: Editing,
    path: SftpPath,
    bytes: Uint8Array<ArrayBuffer>,
    { text, mark }: Pick<Decoded, "text" | "mark">,
  ) {
    this.#client = client;
    this.path = path;
    this.#bytes = bytes;
    this.#mark = mark;
    this.#whole = text;
    this.text = forEditing(text);
  }

  static async read(client: Editing, path: SftpPath, signal?: AbortSignal): Promise<EditedText> {
    const bytes = await bytesOf(client, path, MOST_TEXT + 1, signal);
    const decoded = decode(bytes, true);
    if (bytes.length > MOST_TEXT || decoded.encoding !== "utf-8" || decoded.text.includes("\0"))
      throw refuse();
    return new EditedText(client, path, bytes, decoded);
  }

  /** By another login: what it was compared with is what it will be compared with. */
  by(client: Editing): EditedText {
    return new EditedText(client, this.path, this.#bytes, { text: this.#whole, mark: this.#mark });
  }

  /**
   * Writes it, as a whole or not at all, with the permissions that it has. Where it is not what it was any more, nothing is
   * written: all of it is compared, since sizes and times may be the same. `force` does not ask.
   */
  async write(text: string, signal: AbortSignal, force = false): Promise<Changed | undefined> {
    const whole = withEnds(text, this.#whole);
    const bytes = encode(whole, this.#mark);
    const there = force ? this.#bytes : await this.#there(signal);
    // The answer to an earlier try may have been lost.
    const isWritten = !force && there !== undefined && isSame(there, bytes);
    if (!isWritten) {
      if (!there || !isSame(there, this.#bytes))
        return { theirs: there && decode(there, there.length <= MOST_TEXT).text };
      await this.#client.upload(new Blob([bytes]), this.path, { conflict: "overwrite", signal });
    }
    this.#bytes = bytes;
    this.#whole = whole;
    this.text = text;
    return undefined;
  }

  /** As a new file in the same directory; rejects where the name is taken. */
  async writeAs(name: string, text: string, signal: AbortSignal): Promise<EditedText> {
    const path = join(parentOf(this.path), name);
    const whole = withEnds(text, this.#whole);
    const bytes = encode(whole, this.#mark);
    await this.#client.upload(new Blob([bytes]), path, { conflict: "error", signal });
    return new EditedText(this.#client, path, bytes, { text: whole, mark: this.#mark });
  }

  /** What the server has now; nothing where it is gone. */
  async #there(signal: AbortSignal): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      return await bytesOf(this.#client, this.path, Math.max(MOST_TEXT, this.#bytes.length) + 1, signal);
    } catch (error) {
      if (error instanceof SftpError && error.code === "ENOENT") return undefined;
      throw error;
    }
  }
}
