/** An open file. It belongs to one session, and is lost with it. */

import { type Bytes, byteLength } from "../bytes.ts";
import { type Attributes, decodeAttributes } from "../codec/attributes.ts";
import { Status, Type } from "../codec/numbers.ts";
import * as requests from "../codec/request.ts";
import { SftpError } from "../errors.ts";
import type { SftpPath } from "../path.ts";
import type { Session } from "../session/session.ts";
import { type Abortable, ask } from "./ask.ts";

/** Whether the server says that there is no more. */
export const isEof = (error: unknown): boolean => error instanceof SftpError && error.status === Status.EOF;

/** What is asked for, or `otherwise` where the server says that there is no more. */
export const untilEof = <T>(reply: Promise<T>, otherwise: T): Promise<T> =>
  reply.catch((error) => {
    if (isEof(error)) return otherwise;
    throw error;
  });

/** An open file. It belongs to one session, and is lost with it. */
export class FileHandle {
  declare readonly path: SftpPath;
  declare readonly session: Session;
  /** The server's name for the open file; means something to this session only. */
  declare readonly handle: Uint8Array;

  constructor(session: Session, handle: Uint8Array, path: SftpPath) {
    this.session = session;
    this.handle = handle;
    this.path = path;
  }

  /**
   * At most `length` bytes from `offset` on, none at the end of the file. Servers give fewer where they like, up to
   * `limits.read`: fewer is not the end. A view of the packet that they came in: `slice` what is kept for long.
   */
  async read(offset: number, length: number, options?: Abortable): Promise<Uint8Array> {
    const request = requests.read(this.handle, offset, length);
    const data = ask(this.session, request, Type.DATA, "read", this.path, options, (body) =>
      body.string(length),
    );
    return untilEof(data, new Uint8Array());
  }

  /**
   * All of `data` at `offset`, in one request. A RangeError above `limits.write` bytes, beyond which servers end the
   * session. Where the file was opened to append, servers take no notice of `offset`.
   */
  async write(offset: number, data: Bytes | Blob, options?: Abortable): Promise<void> {
    const { write } = this.session.limits;
    const length = byteLength(data);
    if (length > write) throw new RangeError(`${length} bytes where ${write} may be`);
    return ask(
      this.session,
      requests.write(this.handle, offset, data),
      Type.STATUS,
      "write",
      this.path,
      options,
    );
  }

  stat(options?: Abortable): Promise<Attributes> {
    return ask(
      this.session,
      requests.fstat(this.handle),
      Type.ATTRS,
      "fstat",
      this.path,
      options,
      decodeAttributes,
    );
  }

  /** Sets what is in `attributes`; a size cuts or lengthens the file. */
  async setAttributes(attributes: Attributes, options?: Abortable): Promise<void> {
    return ask(
      this.session,
      requests.fsetstat(this.handle, attributes),
      Type.STATUS,
      "fsetstat",
      this.path,
      options,
    );
  }

  /** Once. The server may tell here of what it could not write. */
  close(options?: Abortable): Promise<void> {
    return ask(this.session, requests.close(this.handle), Type.STATUS, "close", this.path, options);
  }
}
