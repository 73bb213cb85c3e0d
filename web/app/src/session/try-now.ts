/** What the page sends to its worker, to have a lost connection tried again at once. */
export const TRY_NOW = "try-now";
