/** What the server had to say, as a dialog. */

import { type Asking, ask, Dialog } from "../ui/dialog.tsx";
import { Banner } from "./told.tsx";
import { words } from "./words.ts";

export function readBanner(text: string): void {
  void ask(({ done }: Asking<never>) => (
    <Dialog title={words().serverSays} onClose={done}>
      <Banner text={text} />
    </Dialog>
  ));
}
