/** What the bridge tells everybody: `GET api/info`. */

import type { VisibleUpstream } from "sftpbridge-client";

export interface Info {
  /** Of the page. */
  readonly title: string;
  readonly version: string;
  readonly default_upstream: string;
  /** With the ways in which this very visitor may log in. */
  readonly upstreams: readonly VisibleUpstream[];
  /** Whom the request proves, by single sign-on or otherwise. */
  readonly user?: string;
  /** Where there is single sign-on: relative to the page. `name` is the provider's host. */
  readonly sign_in?: { readonly url: string; readonly name: string };
  /** For the POST that ends the sign-on, where there is one. */
  readonly sign_out?: string;
}

/** The folder of the page, with a slash at its end. Everything else of the bridge is below it. */
export const BASE = new URL("./", location.href.replace(/[?#].*/, ""));

/** For WebSockets: `sftp`, or `sftp/NAME`. */
export function sftpUrl(upstream?: string): string {
  const url = new URL(upstream ? `sftp/${encodeURIComponent(upstream)}` : "sftp", BASE);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

/** Rejects with what went wrong. */
export async function fetchInfo(): Promise<Info> {
  const response = await fetch(new URL("api/info", BASE), { signal: AbortSignal.timeout(30_000) });
  if (!response.ok) throw new Error(`api/info: ${response.status} ${response.statusText}`);
  return response.json();
}

/** The address that leads to the sign-on provider, and back to this page. */
export function signInUrl(url: string): string {
  const target = new URL(url, BASE);
  target.searchParams.set("next", BASE.pathname);
  return target.href;
}

/** By `fetch`, since a form of this page would have no origin. Rejects where the sign-on goes on. */
export async function signOut(url: string): Promise<void> {
  const { ok, status } = await fetch(new URL(url, BASE), {
    method: "POST",
    // It leads to the page, which is not needed.
    redirect: "manual",
    signal: AbortSignal.timeout(30_000),
  }).then(({ ok, type, status }) => ({ ok: ok || type === "opaqueredirect", status }));
  if (!ok) throw new Error(`${url}: ${status}`);
}
