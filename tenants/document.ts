/** One YAML file, read as an untrusted text: what it says, where each value stands, and everything that is wrong with it. */
import { lstatSync, readFileSync, realpathSync } from "node:fs";
import { sep } from "node:path";
import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  type ParsedNode,
  parseDocument,
  visit,
  type YAMLMap,
} from "yaml";
import type { z } from "zod";
import type { Problem } from "../domain/error.ts";
import { explain } from "./explain.ts";

/** The 500 members that an entry may name are about 200 kB sealed. */
export const largestFileBytes = 256 * 1024;

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A file that could be read; `place` finds a value (or the nearest one around it) by its path. */
export interface Read<Value> {
  readonly value: Value;
  place(path: readonly (string | number)[]): Place;
}

/** A file that is not right. `draft` is what it says all the same, where it could be parsed. */
export interface Refused {
  readonly problems: readonly Problem[];
  readonly draft?: Read<unknown>;
}

/** Reads and checks one YAML file. `shown` is how problems name it; `folder` is the real folder that a symbolic link may not leave;
 *  `draft` is checked in place of what the file holds now. */
export function readDocument<Value>(
  path: string,
  shown: string,
  folder: string,
  schema: z.ZodType<Value>,
  draft?: string,
): { readonly read: Read<Value> } | Refused {
  const source = readText(path, folder, draft);
  if ("reason" in source) return { problems: [{ file: shown, line: 1, column: 1, message: source.reason }] };
  return parse(source.text, shown, schema);
}

function readText(
  path: string,
  folder: string,
  draft: string | undefined,
): { readonly text: string } | { readonly reason: string } {
  try {
    const real = realpathSync(path);
    if (!real.startsWith(folder.endsWith(sep) ? folder : folder + sep))
      return { reason: "is a link to outside of its folder; write the entry itself here" };
    // Looked at before it is opened: a pipe would block for ever.
    const facts = lstatSync(real);
    if (!facts.isFile()) return { reason: "is not a file" };
    if (facts.size > largestFileBytes) return { reason: `is ${facts.size} bytes; at most ${largestFileBytes} are read` };
    if (draft !== undefined && Buffer.byteLength(draft) > largestFileBytes)
      return { reason: `would be ${Buffer.byteLength(draft)} bytes; at most ${largestFileBytes} are read` };
    return { text: draft?.replace(/^\ufeff/, "") ?? new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(real)) };
  } catch (error) {
    if (error instanceof TypeError) return { reason: "is not UTF-8 text; save it as UTF-8" };
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    return { reason: `cannot be read (${code === "ENOENT" ? "a link to nothing" : code})` };
  }
}

function parse<Value>(text: string, shown: string, schema: z.ZodType<Value>): { readonly read: Read<Value> } | Refused {
  const lines = new LineCounter();
  const problem = (offset: number, message: string): Problem => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return {
      file: shown,
      line: Math.max(line, 1),
      column: Math.max(col, 1),
      message: message.replaceAll(/\p{Cc}+/gu, " ").trim(),
    };
  };
  const hidden = [...text.matchAll(invisible)];
  if (hidden.length > 0) {
    lines.addNewLine(0);
    for (const { index } of text.matchAll(/\n/g)) lines.addNewLine(index + 1);
    return { problems: hidden.slice(0, mostFaults).map(({ 0: said, index }) => problem(index, invisibleWords(said))) };
  }
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      version: "1.2",
      schema: "core",
      merge: false,
      // Looked for below: the parser compares each key with all before it.
      uniqueKeys: false,
      prettyErrors: false,
    });
    const faults = [...document.errors, ...document.warnings];
    // One unclosed bracket can bring hundreds of complaints; the first ones tell.
    const said = faults
      .slice(0, mostFaults)
      .map(({ pos, code, message }) => problem(pos[0], `is not valid YAML here: ${faultWords[code] ?? message}`));
    if (faults.length > mostFaults)
      said.push(problem(faults[mostFaults]?.pos[0] ?? 0, `is not valid YAML at ${faults.length - mostFaults} more places`));
    if (said.length) return { problems: said };
    const root = document.contents;
    if (root === null || !isMap(root))
      return { problems: [problem(0, "is empty or no block of keys; see tenants/tenant.schema.json")] };
    const odd: Problem[] = [];
    const oddity = (node: { range?: readonly number[] | null }, message: string) => {
      odd.push(problem(node.range?.[0] ?? 0, message));
      return odd.length >= mostFaults ? visit.BREAK : undefined;
    };
    visit(document, {
      // An alias makes a reviewer read two places at once, and a few nested ones make gigabytes.
      Alias: (_, node) => oddity(node, "uses a YAML alias (*name); write the value out"),
      Map: (_, { items }) => {
        const keys = new Set<string>();
        for (const { key } of items) {
          if (!isScalar(key)) continue;
          const name = keyName(key.value);
          if (keys.has(name) && oddity(key, "is a key that the block has already; each key once") === visit.BREAK)
            return visit.BREAK;
          keys.add(name);
        }
        return undefined;
      },
      Pair: (_, { key }) => {
        if (isMap(key) || isSeq(key)) return oddity(key, "has a list or a block of keys as a key; a key is a word");
        // Objects take it for something else, so that no schema ever sees it.
        return isScalar(key) && key.value === "__proto__" ? oddity(key, "__proto__ is no key here; remove it") : undefined;
      },
    });
    if (odd.length) return { problems: odd };
    const value: unknown = document.toJS({ maxAliasCount: 0 });
    const place = (path: readonly (string | number)[]): Place => {
      const { line, col } = lines.linePos(offsetOf(root, path, false));
      return { line, column: col };
    };
    const checked = explain(schema, value);
    if ("value" in checked) return { read: { value: checked.value, place } };
    const problems = checked.problems.map((found) => problem(offsetOf(root, found.path, found.atKey), found.message));
    return { problems, draft: { value, place } };
  } catch (error) {
    // Nesting that is too deep for the parser ends as a RangeError.
    return { problems: [problem(0, `cannot be parsed (${error instanceof Error ? error.message : String(error)})`)] };
  }
}

const mostFaults = 10;

/** What shows a reviewer something else than what is read: control characters, marks that turn the direction of a line, line ends that only some editors know. */
const invisible = /[^\P{Cc}\t\n\r]|\p{Bidi_Control}|[\u2028\u2029\ufeff\ufffe\uffff]/gu;

function invisibleWords(said: string): string {
  const code = (said.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return `holds a character that nobody sees (U+${code}); remove it, or write it escaped in double quotes`;
}

/** The parser's own words that are meant for programmers. */
const faultWords: Partial<Record<string, string>> = {
  MULTIPLE_DOCS: "a second document begins (---); one file holds one entry",
  RESOURCE_EXHAUSTION: "too deeply nested",
};

/** Offset of the value at a path, of its key when `atKey`, or of the nearest thing around it that exists. */
function offsetOf(root: ParsedNode, path: readonly (string | number)[], atKey: boolean): number {
  let here: Node | null = root;
  let offset = root.range[0];
  for (const [depth, part] of path.entries()) {
    if (isMap(here)) {
      const pair: unknown = pairsOf(here).get(String(part));
      if (!isPair(pair)) return offset;
      const last = depth === path.length - 1;
      const key = isScalar(pair.key) ? pair.key : undefined;
      const value: Node | null =
        isScalar(pair.value) || isMap(pair.value) || isSeq(pair.value) || isAlias(pair.value) ? pair.value : null;
      const at: Node | null | undefined = last && !atKey && isScalar(value) && value.value !== null ? value : (key ?? value);
      offset = at?.range?.[0] ?? offset;
      here = value;
    } else if (isSeq(here)) {
      const item: unknown = here.items[Number(part)];
      if (!isScalar(item) && !isMap(item) && !isSeq(item)) return offset;
      offset = item.range?.[0] ?? offset;
      here = item;
    } else return offset;
  }
  return offset;
}

/** As an object's key. */
function keyName(value: unknown): string {
  return String(value ?? "");
}

/** A block's pairs by key: looked through for each problem, a file of thousands would take seconds. */
function pairsOf(block: YAMLMap): ReadonlyMap<string, Pair> {
  const known = pairs.get(block);
  if (known) return known;
  const made = new Map(block.items.flatMap((pair) => (isScalar(pair.key) ? [[keyName(pair.key.value), pair] as const] : [])));
  pairs.set(block, made);
  return made;
}

const pairs = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>();
