/** Parts of the page that could not be loaded: their failures are told from others, and their styles are tried again. */

const failures = new WeakSet<object>();

// What the build puts around each `import()` says so before it rejects.
addEventListener("vite:preloadError", ({ payload }) => failures.add(payload));

/** Milliseconds until a style that could not be loaded is tried again. */
const PAUSE = 2_000;

// The build asks for a style once, whatever becomes of it.
const tryStyleAgain = ({ target }: Event) => {
  if (target instanceof HTMLLinkElement && target.rel === "stylesheet")
    setTimeout(() => target.replaceWith(target.cloneNode()), PAUSE);
};
addEventListener("error", tryStyleAgain, true);

export const isNotLoaded = (error: unknown): boolean =>
  typeof error === "object" && error !== null && failures.has(error);
