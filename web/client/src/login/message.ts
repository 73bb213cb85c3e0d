/** The text messages of `sftp-login.v1`, each one JSON object with a `type`. Members not named here are ignored. */

/** A way to log in; the bridge may know more than these. */
export type Method =
  | "password"
  | "keyboard-interactive"
  | "publickey"
  | "bearer"
  | "external"
  | "oidc"
  | "resume"
  | (string & {});

/** An SFTP server behind the bridge. */
export interface VisibleUpstream {
  /** For the option `upstream`. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** How it may be logged in to. */
  readonly methods: readonly Method[];
}

/** First of all: what there is to reach, and how. */
export interface Hello {
  readonly type: "hello";
  /** The first is the default. */
  readonly upstreams: readonly VisibleUpstream[];
  /** Those of the default upstream. */
  readonly methods: readonly Method[];
  /** Whom the opening handshake has proved: for `external`. */
  readonly user?: string;
  /** Of the bridge's operator. */
  readonly banner?: string;
}

/** Questions of the SSH server for the person. All texts are the server's: hostile, to be shown as text. */
export interface Prompt {
  readonly type: "prompt";
  readonly id: number;
  /** A heading; may be empty. */
  readonly name: string;
  /** May be empty, and may have several lines. */
  readonly instruction: string;
  /** Where `echo` is false, what is typed is not to be shown. May be empty: then the texts are to be shown. */
  readonly prompts: readonly { readonly text: string; readonly echo: boolean }[];
  readonly banner?: string;
}

/** What the bridge wants to have signed by the key of the login. */
export interface Sign {
  readonly type: "sign";
  readonly id: number;
  /** Of the signature, such as `ssh-ed25519` or `rsa-sha2-512`. */
  readonly algorithm: string;
  /** Base64. */
  readonly data: string;
}

/** The last login did not succeed. */
export interface Failure {
  readonly type: "failure";
  /** For programs: `refused`, `partial`, `throttled` and others; an unknown one is a refusal. */
  readonly code: string;
  /** For the person. */
  readonly message: string;
  /** What may be tried now; after `partial`, what is needed, too. */
  readonly methods: readonly Method[];
  /** Whether another try may follow on this connection. */
  readonly retry: boolean;
  /** Seconds to wait, where waiting helps. */
  readonly retry_after?: number;
  /** What to find it by in the bridge's log. */
  readonly session?: string;
  /** What the SSH server says to whoever logs in: hostile, to be shown as text. */
  readonly banner?: string;
}

/** Packets may flow. */
export interface Ready {
  readonly type: "ready";
  /** The name of the SFTP server. */
  readonly upstream: string;
  /** Who is logged in. */
  readonly user: string;
  /** The largest request in bytes, its length prefix included. */
  readonly max_packet: number;
  /** The way back after a lost connection: as secret as a password, good until the next is in use. `null` where there is none. */
  readonly resume_token: string | null;
  /** How long it is good for, from the loss on. */
  readonly resume_seconds: number;
  /** What to find the session by in the bridge's log. */
  readonly session?: string;
  /** What the SSH server says to whoever logs in: hostile, to be shown as text. */
  readonly banner?: string;
}

/** Something the person should know. */
export interface Notice {
  readonly type: "notice";
  /** `drain`: the bridge is going away. `idle`: the session will be ended unless it is used. */
  readonly kind: "drain" | "idle" | (string & {});
  /** Until then. */
  readonly seconds: number;
  /** For the person. */
  readonly message: string;
}

/** Whatever the bridge may say. */
export type ServerMessage = Hello | Prompt | Sign | Failure | Ready | Notice;
