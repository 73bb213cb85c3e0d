/** Which of this browser's keys is to be used. Keys are not for everybody, so that this is loaded when it is wanted. */

import { KeyRound } from "lucide-preact";
import { useEffect } from "preact/hooks";
import { visible } from "../text/name.ts";
import { Button } from "../ui/button.tsx";
import { fail } from "../ui/notices.tsx";
import { isPossible, lookForKeys, ring } from "./key-ring.ts";
import { keyWords } from "./key-words.ts";
import { manageKeys } from "./keys.ts";
import { words } from "./words.ts";

export function KeyChoice({ preferred }: { readonly preferred: string }) {
  const possible = isPossible();
  useEffect(() => {
    if (possible && !ring.value) lookForKeys().catch((error) => fail(keyWords().notRead, error));
  }, [possible]);
  if (!possible) return <p class="hint">{keyWords().insecure}</p>;
  const keys = ring.value;
  return (
    <div class="key-choice">
      {keys?.length === 0 && <p>{words().noKey}</p>}
      {keys && keys.length > 0 && (
        <label class="field">
          {words().key}
          <select name="key">
            {keys.map(({ name }) => (
              <option key={name} value={name} selected={name === preferred}>
                {visible(name)}
              </option>
            ))}
          </select>
        </label>
      )}
      <Button icon={KeyRound} onClick={manageKeys}>
        {words().keys}
      </Button>
    </div>
  );
}
