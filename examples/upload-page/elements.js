// @ts-check
/** What the HTML has. */

/**
 * @template {Element} E
 * @param {string} selector
 * @param {new () => E} kind
 * @param {ParentNode} [within]
 * @returns {E}
 */
export function element(selector, kind, within = document) {
  const found = within.querySelector(selector);
  if (found instanceof kind) return found;
  throw new Error(`index.html has no ${selector}`);
}

/** A `<meta>` of the page. @param {string} name */
export const setting = (name) => element(`meta[name="${name}"]`, HTMLMetaElement).content;
