/** Changes in the text of a tenant's file: everything that is not changed stays as it was written, to the last space and comment. */
import { isDeepStrictEqual } from "node:util";
import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  stringify,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { isSealed } from "./seal.ts";

type Scalar = string | number | boolean;
type Path = readonly (string | number)[];

/** Adds an item to the end of the list at a path; throws an Error where the file's layout does not allow it. */
export function appendItem(text: string, path: Path, item: Readonly<Record<string, Scalar>>): string {
  const document = parse(text);
  const list = at(document, path, isSeq);
  const last = list.items.at(-1);
  if (!isNode(last)) throw layout(path);
  const end = valueEnd(last);
  const inline = stringify(item, { lineWidth: 0 }).trimEnd();
  if (list.flow)
    return spliced(
      text,
      end,
      end,
      `, ${flow(item)}`,
      after(document, path, (items) => [...listOf(items), item]),
    );
  const margin = " ".repeat(dashOf(text, last) - lineStart(text, dashOf(text, last)));
  const line = `${margin}- ${inline.replaceAll("\n", `\n${margin}  `)}`;
  const from = lineEnd(text, end);
  return spliced(
    text,
    from,
    from,
    lines(text, `\n${line}`),
    after(document, path, (items) => [...listOf(items), item]),
  );
}

/** Removes the item at an index of the list at a path, with the comment on its own lines; comments above it stay. */
export function removeItem(text: string, path: Path, index: number): string {
  const document = parse(text);
  const list = at(document, path, isSeq);
  const node: unknown = list.items[index];
  if (!isNode(node)) throw layout(path);
  const wanted = after(document, path, (items) => listOf(items).filter((_, place) => place !== index));
  if (!list.flow) {
    const from = lineStart(text, dashOf(text, node));
    return spliced(text, from, Math.min(lineEnd(text, valueEnd(node), true), text.length), "", wanted);
  }
  const [before, next] = [list.items[index - 1], list.items[index + 1]];
  if (isNode(next)) return spliced(text, start(node), start(next), "", wanted);
  return spliced(text, isNode(before) ? valueEnd(before) : start(node), valueEnd(node), "", wanted);
}

/** Sets the value of a key of the block at a path, in its place, or after the block's last key where it is not there yet. */
export function setKey(text: string, path: Path, key: string, value: Scalar): string {
  const document = parse(text);
  const block = at(document, path, isMap);
  const wanted = after(document, path, (said) => ({ ...keysOf(said), [key]: value }));
  const written = flow(value);
  const pair = block.items.find((item) => isScalar(item.key) && item.key.value === key);
  if (pair) {
    if (!isScalar(pair.value) || !pair.value.range) throw layout([...path, key]);
    const [from, to] = pair.value.range;
    return spliced(text, from, to, from === to ? ` ${written}` : written, wanted);
  }
  const last: unknown = block.items.at(-1)?.value;
  const first: unknown = block.items[0]?.key;
  if (!isNode(last) || !isNode(first)) throw layout(path);
  const end = valueEnd(last);
  if (block.flow) return spliced(text, end, end, `, ${key}: ${written}`, wanted);
  const margin = " ".repeat(start(first) - lineStart(text, start(first)));
  const from = lineEnd(text, end);
  return spliced(text, from, from, lines(text, `\n${margin}${key}: ${written}`), wanted);
}

/** Every sealed text of a file is replaced in its place; `change` gives what stands there instead. */
export async function replaceSealed(text: string, change: (sealed: string) => Promise<string>): Promise<string> {
  const found: { readonly from: number; readonly to: number; readonly sealed: string }[] = [];
  visit(parse(text), {
    Scalar(_, { value, range }) {
      if (typeof value === "string" && isSealed(value) && range) found.push({ from: range[0], to: range[1], sealed: value });
    },
  });
  let changed = "";
  let done = 0;
  for (const { from, to, sealed } of found) {
    const quote = /["']/.exec(text[from] ?? "")?.[0] ?? "";
    if (text.slice(from, to) !== quote + sealed + quote)
      throw new Error("a sealed address is written over several lines; write it on one");
    changed += text.slice(done, from) + quote + (await change(sealed)) + quote;
    done = to;
  }
  return changed + text.slice(done);
}

/** The text with a part replaced, if it then says what is wanted: a layout that the rules above do not know must not become another entry. */
function spliced(text: string, from: number, to: number, by: string, wanted: unknown): string {
  const changed = text.slice(0, from) + by + text.slice(to);
  const document = parseDocument(changed, options);
  if (document.errors.length > 0 || !isDeepStrictEqual(document.toJS({ maxAliasCount: 0 }), wanted)) throw layout([]);
  return changed;
}

const options = { version: "1.2", schema: "core", merge: false, prettyErrors: false } as const;

function parse(text: string): Document.Parsed {
  const document = parseDocument(text, options);
  if (document.errors.length > 0) throw layout([]);
  return document;
}

function layout(path: Path): Error {
  return new Error(
    `${path.length > 0 ? `${path.join(".")} ` : ""}is laid out in a way that cannot be changed from here; change the file by hand`,
  );
}

function at<Kind extends YAMLMap | YAMLSeq>(document: Document.Parsed, path: Path, is: (node: unknown) => node is Kind): Kind {
  const node: unknown = path.length === 0 ? document.contents : document.getIn(path, true);
  if (!is(node)) throw layout(path);
  return node;
}

/** What the document says after the change of the value at a path. */
function after(document: Document.Parsed, path: Path, change: (said: unknown) => unknown): unknown {
  const whole = (said: unknown, rest: Path): unknown => {
    const [key, ...deeper] = rest;
    if (key === undefined) return change(said);
    const block = keysOf(said);
    return { ...block, [key]: whole(block[key], deeper) };
  };
  return whole(document.toJS({ maxAliasCount: 0 }), path);
}

function keysOf(said: unknown): Readonly<Record<string, unknown>> {
  return typeof said === "object" && said !== null && !Array.isArray(said) ? { ...said } : {};
}

function listOf(said: unknown): readonly unknown[] {
  return Array.isArray(said) ? said : [];
}

function isNode(node: unknown): node is Node {
  return isMap(node) || isSeq(node) || isScalar(node);
}

function start(node: Node): number {
  return node.range?.[0] ?? 0;
}

/** Where the last word of a value ends; the parser counts blank lines and comments below a block to it. */
function valueEnd(node: Node): number {
  if (isScalar(node) || ((isMap(node) || isSeq(node)) && node.flow)) return node.range?.[1] ?? 0;
  const last: unknown = isMap(node)
    ? (node.items.at(-1)?.value ?? node.items.at(-1)?.key)
    : isSeq(node)
      ? node.items.at(-1)
      : undefined;
  return isNode(last) ? valueEnd(last) : (node.range?.[1] ?? 0);
}

/** The dash before an item of a block list. */
function dashOf(text: string, item: Node): number {
  return text.lastIndexOf("-", start(item) - 1);
}

function lineStart(text: string, offset: number): number {
  const begin = text.lastIndexOf("\n", offset - 1) + 1;
  return text[begin] === "\ufeff" ? begin + 1 : begin;
}

/** The end of the line that a value ends on: before its line break, or `past` it. A block of text ends with its own. */
function lineEnd(text: string, offset: number, past = false): number {
  const from = text[offset - 1] === "\n" ? offset - 1 : offset;
  const found = text.indexOf("\n", from);
  if (found < 0) return text.length;
  if (past) return found + 1;
  return text[found - 1] === "\r" ? found - 1 : found;
}

/** With the line breaks that the file has. */
function lines(text: string, added: string): string {
  return text.includes("\r\n") ? added.replaceAll("\n", "\r\n") : added;
}

/** A value on one line, quoted where YAML would read it as something else. */
function flow(value: Scalar | Readonly<Record<string, Scalar>>): string {
  return stringify(value, { lineWidth: 0, collectionStyle: "flow" }).trimEnd();
}
