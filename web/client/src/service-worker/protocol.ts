/**
 * What page and service worker say to each other. The service worker keeps nothing: for each request it asks the pages who has it,
 * with `{sftpbridge: id}` and a port. The page answers `Described`, or null. Then over the port: `[start, end]` opens; each `pull`
 * is answered with a chunk, null at the end, or an error as text; `ping` with true. Null ends it.
 */

/** What is told of a file. The name and the type may be hostile. */
export interface Described {
  /** Under which it is saved, once it is harmless. */
  readonly name: string;
  /** Bytes. Without it there are no ranges, and no check that all has come. */
  readonly size?: number | undefined;
  /** MIME type. Those that a page could run are never shown, and those that are not known are only saved. */
  readonly type?: string | undefined;
  /** To be shown, where the type allows it, and not saved. */
  readonly inline?: boolean | undefined;
}

/** Below the scope of the service worker; an id follows. */
export const FOLDER = "sftpbridge-download/";
