/** The name of a row, to be written over. Enter and leaving the field rename, Escape does not. */

import { useSignal } from "@preact/signals";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import type { Entry } from "sftpbridge-client";
import { useWorkspace } from "../app/context.ts";
import { visible, visibleName } from "../text/name.ts";
import { say } from "../ui/notices.tsx";
import { faultOf, type NameFault, stemLength } from "./names.ts";
import { rename } from "./rename.ts";
import { returnFocus } from "./reveal.ts";
import { words } from "./words.ts";
import "./rename-field.css";

export function RenameField({ entry }: { readonly entry: Entry }) {
  const workspace = useWorkspace();
  const input = useRef<HTMLInputElement>(null);
  const fault = useSignal<NameFault | undefined>(undefined);
  /** Where the file is: who leaves the field may be on the way elsewhere. */
  const directory = useRef(workspace.path).current;
  /** Enter takes the field away, and that leaves it. */
  const isOver = useRef(false);
  const note = useId();
  // A field has one line, and what cannot be seen cannot be edited.
  const before = entry.rawName ? visibleName(entry) : visible(entry.name);
  const language = words();

  // Before the next key: it is typed into the field.
  useLayoutEffect(() => {
    input.current?.focus();
    input.current?.setSelectionRange(0, stemLength(before, entry.type === "directory"));
  }, [before, entry.type]);

  const end = () => {
    isOver.current = true;
    workspace.renaming.value = undefined;
    input.current?.blur();
    returnFocus();
  };
  const finish = (name: string) => {
    end();
    if (name !== before) void rename(workspace, directory, entry, name);
  };
  const enter = (name: string) => {
    fault.value = faultOf(name);
    if (!fault.value) finish(name);
  };
  const leave = (name: string) => {
    // Another window has the focus, or a dialog that nobody has asked for: the person comes back.
    if (isOver.current || document.activeElement === input.current) return;
    if (document.querySelector("dialog[open]")) return;
    const found = faultOf(name);
    if (!found) return finish(name);
    end();
    say(`${language.notRenamed(entry.name)} ${language.fault[found]}`);
  };
  const pressed = (event: KeyboardEvent & { readonly currentTarget: HTMLInputElement }) => {
    event.stopPropagation();
    if (event.isComposing) return;
    if (event.key === "Escape") end();
    if (event.key === "Enter") enter(event.currentTarget.value);
  };
  const keep = (event: Event) => event.stopPropagation();

  return (
    <span class="rename-field">
      <input
        ref={input}
        type="text"
        dir="auto"
        defaultValue={before}
        aria-label={language.nameOf(entry.name)}
        aria-invalid={fault.value !== undefined}
        aria-describedby={note}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        enterkeyhint="done"
        onKeyDown={pressed}
        onInput={() => {
          fault.value = undefined;
        }}
        onBlur={(event) => leave(event.currentTarget.value)}
        onClick={keep}
        onDblClick={keep}
        onPointerDown={keep}
        onMouseDown={keep}
        onContextMenu={keep}
      />
      <span id={note} role="alert">
        {fault.value && language.fault[fault.value]}
      </span>
    </span>
  );
}
