/** The path as text, to be written or pasted. */

import { useEffect, useRef } from "preact/hooks";
import { join, type SftpPath, shown } from "sftpbridge-client";
import { useWorkspace } from "../app/context.ts";
import type { Workspace } from "../app/workspace.ts";
import { patience } from "../session/patience.ts";
import { fail } from "../ui/notices.tsx";
import { isEditingPath } from "./breadcrumbs.tsx";
import { focusList } from "./focus.ts";
import { words } from "./words.ts";

export function PathField() {
  const workspace = useWorkspace();
  const field = useRef<HTMLInputElement>(null);
  const text = shown(workspace.path);
  useEffect(() => {
    field.current?.select();
    return () => {
      isEditingPath.value = false;
    };
  }, []);
  const leave = () => {
    isEditingPath.value = false;
    focusList();
  };
  const go = async (event: Event) => {
    event.preventDefault();
    const wanted = field.current?.value ?? text;
    leave();
    if (wanted === text || !wanted.trim()) return;
    try {
      workspace.go(await resolve(wanted, workspace));
    } catch (error) {
      fail(words().noSuchPath, error);
    }
  };
  return (
    <form class="path-field" onSubmit={go}>
      <input
        ref={field}
        aria-label={words().pathField}
        defaultValue={text}
        spellcheck={false}
        autocomplete="off"
        autocapitalize="off"
        enterkeyhint="go"
        onBlur={() => {
          isEditingPath.value = false;
        }}
        onKeyDown={(event) => event.key === "Escape" && !event.isComposing && leave()}
      />
    </form>
  );
}

/** Absolute, relative to where one is, or from a home directory: `~`, `~/x`, `~somebody/x`. */
export async function resolve(text: string, { client, path, session }: Workspace): Promise<SftpPath> {
  const options = { signal: patience() };
  if (text.startsWith("~")) {
    if (await client.supports("expand-path@openssh.com", options)) return client.expandPath(text, options);
    // Without the extension, one's own home is known all the same.
    if (/^~(\/|$)/.test(text)) return client.realpath(join(session.home, text.slice(2)), options);
  }
  return client.realpath(text.startsWith("/") ? text : join(path, text), options);
}
