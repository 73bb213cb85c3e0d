/** What is asked before a login is left while something is under way. */

import { Button } from "../ui/button.tsx";
import { type Asking, ask, Dialog } from "../ui/dialog.tsx";
import { words as common } from "../ui/words.ts";
import { leavingWords } from "./leaving-words.ts";

/** `label` is what the person is about to do. */
export async function mayLeave(label: string): Promise<boolean> {
  const answer = await ask<true>(({ done }: Asking<true>) => (
    <Dialog
      title={leavingWords().title}
      onClose={() => done()}
      actions={
        <>
          <Button autofocus onClick={() => done()}>
            {common().cancel}
          </Button>
          <Button look="danger" onClick={() => done(true)}>
            {label}
          </Button>
        </>
      }
    >
      <p>{leavingWords().ends}</p>
    </Dialog>
  ));
  return answer === true;
}
