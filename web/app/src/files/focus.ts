/** The list has the focus where nothing else needs it. */

export const LIST_ID = "files";
export const focusList = (): void => document.getElementById(LIST_ID)?.focus({ preventScroll: true });
