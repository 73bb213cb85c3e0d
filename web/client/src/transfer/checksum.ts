/** Checksums of files: the server's, or of a file that is small enough to be read. */

import type { Abortable } from "../client/ask.ts";
import type { CoreClient } from "../client/core-client.ts";
import { checkFile, ifUnsupported } from "../client/extensions.ts";
import type { SftpPath } from "../path.ts";
import { download } from "./download.ts";

/** What to do where the server has no checksums. */
export interface ChecksumOptions extends Abortable {
  /**
   * Bytes of a file that may be read into memory where the server has no checksums; 0, which is none, without it.
   * WebCrypto hashes no streams.
   */
  readonly maximum?: number | undefined;
}

/**
 * In lower-case hexadecimal, as `sha256sum` has it. The server calculates it (draft-ietf-secsh-filexfer-extensions-00,
 * section 3); where it does not, which is so with OpenSSH, the file is read if it has at most `maximum` bytes, and hashed
 * here: by `sha1`, `sha256`, `sha384` or `sha512`, in secure contexts. A larger one is a RangeError;
 * where nothing may be read, an SftpError `ENOTSUP`.
 */
export async function checksum(
  client: CoreClient,
  path: SftpPath,
  algorithm = "sha256",
  { signal, maximum = 0 }: ChecksumOptions = {},
): Promise<string> {
  const theirs = async () => (await checkFile(client, path, { algorithms: [algorithm], signal })).hashes;
  const ours = async () => {
    const { blob = new Blob() } = await download(client, path, undefined, { maximum, signal });
    const name = algorithm.replace("sha", "SHA-");
    return new Uint8Array(await crypto.subtle.digest(name, await blob.arrayBuffer()));
  };
  const hash = await (maximum ? ifUnsupported(theirs(), ours) : theirs());
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
