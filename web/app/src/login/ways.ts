/** The ways to log in that a person can choose from. */

import type { Method } from "sftpbridge-client";

/** By what is typed or picked here. `bearer` is for programs. */
export const WAYS = ["password", "publickey", "keyboard-interactive"] as const;
export type Way = (typeof WAYS)[number];

/** Those of a server; after a proof that was not enough, those that are still needed. */
export const waysOf = (methods: readonly Method[]): readonly Way[] =>
  WAYS.filter((way) => methods.includes(way));
