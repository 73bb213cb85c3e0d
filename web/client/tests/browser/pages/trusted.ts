/** The one policy that the page's CSP allows: for the scripts of workers. */

interface Factory {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): string };
}

const factory = (globalThis as unknown as { trustedTypes?: Factory }).trustedTypes;
const policy = factory?.createPolicy("sftp-app", { createScriptURL: (url) => url });

/** Chromium takes nothing else for a script; older browsers take text. */
export const scriptUrl = (url: string): string => (policy ? policy.createScriptURL(url) : url);
