/** The only scripts' addresses of this page, as Trusted Types: those that the build has put there. */

interface Policies {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): {
    createScriptURL(url: string): unknown;
  };
}

/** Nothing where the browser has no Trusted Types. */
const policies = (globalThis as { trustedTypes?: Policies }).trustedTypes;

const trusted = policies?.createPolicy("sftp-app", {
  createScriptURL(url) {
    if (new URL(url, location.href).origin !== location.origin)
      throw new TypeError(`not a script of ours: ${url}`);
    return url;
  },
});

/** For `new Worker` and for service workers. */
export const scriptUrl = (url: string): string =>
  (trusted?.createScriptURL(url) as string | undefined) ?? url;
