/** Looking for secrets in what a life of the fleet leaves behind: in the clear, and in the forms in which programs write texts down. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

export interface Secret {
  /** What it is, for the message: never its value. */
  readonly name: string;
  readonly value: string;
}

/** All forms of a text that are looked for, each with its name. Base64 in its three alignments, so that it is found inside a longer text too. */
export function formsOf(value: string): ReadonlyMap<string, string> {
  const escaped = JSON.stringify(value).slice(1, -1);
  const html = escaped.replaceAll("<", "\\u003c").replaceAll(">", "\\u003e").replaceAll("&", "\\u0026");
  const forms = new Map<string, string>([["plain", value]]);
  const add = (name: string, text: string) => {
    if (![...forms.values()].includes(text)) forms.set(name, text);
  };
  add("JSON", escaped);
  add("JSON in JSON", JSON.stringify(escaped).slice(1, -1));
  add("JSON as Go writes it", html);
  add("URL", encodeURIComponent(value));
  add(
    "URL, lower case",
    encodeURIComponent(value).replaceAll(/%../g, (code) => code.toLowerCase()),
  );
  add("form", new URLSearchParams({ v: value }).toString().slice(2));
  add("hex", Buffer.from(value).toString("hex"));
  for (const before of [0, 1, 2]) {
    const inner = aligned(value, before);
    add(`base64, ${before} before`, inner);
    add(`base64url, ${before} before`, inner.replaceAll("+", "-").replaceAll("/", "_"));
  }
  return forms;
}

/** The characters of base64 that depend on this text alone when so many bytes stand before it. */
function aligned(value: string, before: number): string {
  const bytes = Buffer.byteLength(value);
  const text = Buffer.concat([Buffer.alloc(before), Buffer.from(value)]).toString("base64");
  return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes) * 8) / 6));
}

/** `<place>: <secret> (<form>)` for each that is in one of the texts; never the secret itself. Capitals count only in the encoded forms. */
export function findSecrets(texts: Iterable<readonly [place: string, text: string]>, secrets: readonly Secret[]): string[] {
  const needles = secrets.flatMap(({ name, value }) => [...formsOf(value)].map(([form, text]) => ({ name, form, text })));
  const found: string[] = [];
  for (const [place, text] of texts)
    for (const needle of needles) if (text.includes(needle.text)) found.push(`${place}: ${needle.name} (${needle.form})`);
  return found;
}

/** Every file below a folder, byte by byte as Latin-1, and what is packed in those that are gzip. Places are relative to the folder. */
export function* textsBelow(folder: string, left: (place: string) => boolean = () => false): Generator<[string, string]> {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const place = path.slice(folder.length + 1);
    if (!entry.isFile() || left(place)) continue;
    const bytes = readFileSync(path);
    yield [place, bytes.toString("latin1")];
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) yield [`${place} (unpacked)`, gunzipSync(bytes).toString("latin1")];
  }
}
