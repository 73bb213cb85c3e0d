/** What an upload can be told, and what it tells at the end. */

import type { Abortable } from "../client/ask.ts";
import type { SftpPath } from "../path.ts";
import type { RetryOptions } from "./attempts.ts";
import type { CheckpointStore } from "./checkpoint.ts";
import type { OnConflict } from "./conflict.ts";
import type { Verification } from "./verify.ts";

/** How to upload. */
export interface UploadOptions extends Abortable {
  /** Where the target is there already; `error` without it. */
  readonly conflict?: OnConflict;
  /**
   * `true`: a hidden `.part` file beside the target is written, and takes its name when it is complete; a failure leaves the old
   * file as it was. `false`: the target itself is written. Without it: as with `true`, but where the directory takes no new name,
   * the target itself. A symbolic link stays: what it leads to is replaced.
   */
  readonly atomic?: boolean;
  /** Gives the file the modification time of a `File`. */
  readonly preserveMtime?: boolean;
  /** Permissions. Without it those of the file that is replaced; else the server's choice. */
  readonly mode?: number;
  /** Has the server write the file to its disk before it takes its name, where the server can: `fsync@openssh.com`. */
  readonly fsync?: boolean;
  /** What is checked before the file takes its name; `size` without it. Of a stream it is never more. */
  readonly verify?: Verification | false;
  /** How often it is tried again after a lost connection. */
  readonly retry?: RetryOptions;
  /** Where to note how far it came, so that the same `File` goes on there after the page was loaded again. */
  readonly checkpoint?: CheckpointStore;
  /**
   * Whether an unfinished `.part` file stays. Without it: not after a cancellation; after a failure only with a `checkpoint` by
   * which it can be found again.
   */
  readonly keepPartial?: boolean;
}

/** What became of an upload. */
export interface UploadResult {
  /** What was written: another than was asked for where a conflict was solved so, or a link followed. */
  readonly path: SftpPath;
  /** The size of the file; 0 where it was skipped. */
  readonly bytes: number;
  /** Bytes that an earlier upload had left there. */
  readonly resumed: number;
  /** The conflict was solved by leaving the target as it is. */
  readonly skipped?: boolean;
  /** What was checked. */
  readonly verified: Verification | false;
}
