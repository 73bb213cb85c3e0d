/** Says why downloads are limited here, and what helps, once that matters. */

import { useSignal } from "@preact/signals";
import { TriangleAlert } from "lucide-preact";
import { size } from "../text/format.ts";
import { Button } from "../ui/button.tsx";
import { lacking } from "./lacking.ts";
import { MOST_IN_MEMORY } from "./service.ts";
import { words } from "./words.ts";
import "./banner.css";

export function Banner() {
  const seen = useSignal(false);
  const why = lacking.value;
  const say = words();
  return (
    <div role="status">
      {why && !seen.value && (
        <div class="download-banner">
          <TriangleAlert size={18} aria-hidden="true" />
          <p>
            <strong>{say.limited}</strong> {say[why](size(MOST_IN_MEMORY))}
          </p>
          <Button
            onClick={() => {
              seen.value = true;
            }}
          >
            {say.understood}
          </Button>
        </div>
      )}
    </div>
  );
}
