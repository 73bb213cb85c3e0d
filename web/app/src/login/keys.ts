/** The dialog for the keys of this browser, which is loaded when it is wanted. */

import { ask } from "../ui/ask.tsx";
import { fail } from "../ui/notices.tsx";
import { accountWords } from "./account-words.ts";

export async function manageKeys(): Promise<void> {
  try {
    await ask((await import("./keys-dialog.tsx")).KeysDialog);
  } catch (error) {
    fail(accountWords().keys, error);
  }
}
