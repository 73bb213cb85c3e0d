/** The page's own sources, for tests of how they are written. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const root = new URL("../../", import.meta.url).pathname;

export interface Source {
  /** From the folder of the page: `src/ui/menu.tsx`. */
  readonly name: string;
  readonly text: string;
}

export const sourcesIn = (folder: string): Source[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(tsx?|css)$/.test(name))
    .map((name) => join(folder, name))
    .map((name) => ({ name, text: readFileSync(join(root, name), "utf8") }));

export const isCode = ({ name }: Source): boolean => /\.tsx?$/.test(name);

/** All nodes of a module. */
export function nodesOf({ name, text }: Source): ts.Node[] {
  const nodes: ts.Node[] = [];
  const collect = (node: ts.Node) => {
    nodes.push(node);
    ts.forEachChild(node, collect);
  };
  const kind = name.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  collect(ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true, kind));
  return nodes;
}
