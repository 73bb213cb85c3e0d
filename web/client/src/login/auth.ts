/** What a person logs in with. */

import type { Bytes } from "../bytes.ts";
import type { Failure, Hello, Prompt } from "./message.ts";

/** What an SSH server wants signed before it believes that somebody has a key. */
export interface SigningRequest {
  /** Of the signature: for a certificate, too, that of its key. */
  readonly algorithm: string;
  /** All that is signed, as RFC 4252, section 7, has it. */
  readonly data: Bytes;
  /** Who is logging in. */
  readonly user: string;
}

/**
 * A key that signs. It stays where it is.
 *
 * `data` comes from the bridge, and nobody has looked at it: a bridge that lies could have anything signed, such as a login
 * as somebody else, or a Git commit. Whoever implements this signs only what is a login of `user` by this very key, and
 * rejects everything else. `checkedKey` of `sftpbridge-client/keys` makes that check; wrap the key in it.
 */
export interface SigningKey {
  /** One line as OpenSSH writes it: algorithm, base64, maybe a comment. */
  readonly publicKey: string;
  /** The SSH signature (RFC 4253, section 6.6): the algorithm's name and the signature, each as a string. At most 4 KiB. */
  sign(request: SigningRequest): Promise<Bytes>;
}

/**
 * One way to log in. `password`: at the SFTP server, or in the bridge's users file. `keyboard-interactive`: the server asks,
 * and `prompt` answers. `publickey`: a key that stays here. `bearer`: a JSON Web Token. `external`: whom the opening handshake
 * proves, as single sign-on and client certificates do. `resume`: the token of a `Resumption`.
 */
export type Auth =
  | { readonly method: "password"; readonly user: string; readonly password: string }
  | { readonly method: "keyboard-interactive"; readonly user: string }
  | { readonly method: "publickey"; readonly user: string; readonly key: SigningKey }
  | { readonly method: "bearer"; readonly token: string }
  | { readonly method: "external" }
  | { readonly method: "resume"; readonly token: string; readonly user?: string };

/** Where a login stands: what there is, and how the last try failed. */
export interface LoginStep {
  /** What there is to reach, and how. */
  readonly hello: Hello;
  /** Nothing before the first try; after a lost connection, why there was no way back without logging in. */
  readonly failure: Failure | undefined;
  /** Aborted when nobody needs the answer any more: the bridge, the connection or the caller has ended the login. */
  readonly signal: AbortSignal;
}

/** Is asked before each try. Returns nothing to give up; a rejection is that of the login. */
export type AskAuth = (step: LoginStep) => Auth | undefined | Promise<Auth | undefined>;

/**
 * What to log in with: one thing, several in order, or a function that is asked before each try. Of several, each is
 * tried once, and those that a failure does not name wait until one does: where a server wants a key and then a
 * password, both are here, and are used in the server's order.
 *
 * It is kept as long as the connection may have to log in again, and forgotten when it is closed. After a lost
 * connection the resume token comes first, and what is kept is used only where that is refused: a function is asked
 * again, of the rest all but `keyboard-interactive` and `resume`, since nobody is asked then.
 */
export type AuthSource = Auth | readonly Auth[] | AskAuth;

/**
 * Answers the server's questions, one for each, also where there are none and only texts to be shown. Rejects to give up:
 * the login rejects with the same. `signal` is aborted when the answers are not needed any more.
 */
export type AnswerPrompt = (
  prompt: Prompt,
  signal: AbortSignal,
) => readonly string[] | Promise<readonly string[]>;
