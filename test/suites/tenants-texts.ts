/** Files whose text is not the YAML, or not the UTF-8, that it should be. */
import type { Random } from "./random.ts";
import { type Broken, lineOf, planted, text, validEntry, written } from "./tenants-scene.ts";

export const textKinds: readonly ((random: Random) => Broken)[] = [
  tab,
  twice,
  unclosed,
  margin,
  aliases,
  aliases,
  documents,
  tags,
  deep,
  keys,
  nothing,
  encoding,
  encoding,
  bytes,
  control,
  control,
  large,
];

function tab(random: Random): Broken {
  const content = written(validEntry(random));
  const lines = content.split("\n");
  const inner = lines.flatMap((line, index) => (/^ +[a-z]/.test(line) ? [index] : []));
  const index = inner[random.int(0, inner.length - 1)] ?? 0;
  lines[index] = (lines[index] ?? "").replace(/^ +/, (spaces) => "\t".repeat(spaces.length / 2));
  return text(`a tab before line ${index + 1}`, lines.join("\n"));
}

function twice(random: Random): Broken {
  const key = random.pick(["uid", "name", "plan", "access"]);
  const content = `${written(validEntry(random))}${key}: ${planted}\n`;
  return text(`the key ${key} stands twice`, content, content.trimEnd().split("\n").length);
}

function unclosed(random: Random): Broken {
  const piece = random.pick([
    'name: "Z',
    "name: 'Z",
    "name: [Z",
    "name: {Z",
    "name: [[[[{",
    "name: }",
    'name: "\\q"',
    "name: |9\n x",
    "name: @Z",
    "name: `Z",
    "name: %Z",
    "- name",
    "name",
    "name: Z: Z",
    "*",
    "&",
    "!",
    "? ",
  ]);
  const content = `${piece}\n${written(validEntry(random)).replace(/name: .*\n/, "")}`;
  return text(`the line ${piece.replaceAll("\n", "|")}`, content);
}

function margin(random: Random): Broken {
  const spaces = random.int(1, 5);
  const content = written(validEntry(random)).replace("plan:", `${" ".repeat(spaces)}plan:`);
  return text(`plan is ${spaces} spaces in`, content);
}

function aliases(random: Random): Broken {
  const width = random.int(5, 10);
  const levels = Array.from(
    { length: 9 },
    (_, level) =>
      `b${level}: &b${level} [${Array(width)
        .fill(level === 0 ? "x" : `*b${level - 1}`)
        .join(", ")}]`,
  );
  const content = random.pick([
    `${levels.join("\n")}\n`,
    "a: &a [*a]\n",
    "a: &a { b: *a }\n",
    "name: &n Z\nplan: *n\n",
    "a: *nowhere\n",
    "base: &base { a: 1 }\nb:\n  <<: *base\n",
    "<<: [{ a: 1 }]\n",
    `a: &a ${"x".repeat(5000)}\nb: [${Array(5000).fill("*a").join(", ")}]\n`,
    `${"&a ".repeat(3)}x: 1\n`,
  ]);
  return text(`aliases: ${content.slice(0, 24).replaceAll("\n", "|")} (${width})`, content + written(validEntry(random)));
}

function documents(random: Random): Broken {
  const content = written(validEntry(random));
  const [what, broken] = random.pick<readonly [string, string]>([
    ["two documents", `${content}---\n${content}`],
    ["a second, empty document", `${content}---\n`],
    ["a document after its end", `${content}...\n${content}`],
    ["five hundred documents", "---\na: 1\n".repeat(500)],
    ["a directive nobody knows", `%FLEET on\n---\n${content}`],
    ["a YAML of the future", `%YAML 9.9\n---\n${content}`],
  ]);
  return text(what, broken);
}

function tags(random: Random): Broken {
  const tag = random.pick([
    "!!js/function",
    "!fleet",
    "!!python/object/apply:os.system",
    "!<tag:yaml.org,2002:js/regexp>",
    "!!binary",
    "!!set",
    "!!timestamp",
    "!e!x",
    "!!int",
    "!!map",
    "!!seq",
  ]);
  return text(`the tag ${tag}`, written(validEntry(random)).replace("plan: ", `plan: ${tag} `));
}

function deep(random: Random): Broken {
  const depth = random.pick([100, 1000, 10_000, 30_000]);
  const [what, piece] = random.pick<readonly [string, string]>([
    ["brackets", "[".repeat(depth)],
    ["closed brackets", "[".repeat(depth) + "]".repeat(depth)],
    ["braces", "{a: ".repeat(depth)],
    ["dashes", "- ".repeat(depth)],
    ["question marks", "? ".repeat(depth)],
    ["blocks", Array.from({ length: Math.min(depth, 300) }, (_, level) => `${" ".repeat(level)}a:`).join("\n")],
  ]);
  return text(
    `${depth} ${what}`,
    `deep: ${what === "blocks" ? "\n " : ""}${piece.replaceAll("\n", "\n ")}\n${written(validEntry(random))}`,
  );
}

function keys(random: Random): Broken {
  const line = random.pick([
    "? [a, b]\n: c",
    "? { a: 1 }\n: c",
    ": c",
    "null: c",
    "1: c",
    "true: c",
    '"": c',
    "? |\n  a\n  b\n: c",
    `? ${"k".repeat(2000)}\n: c`,
    "~: c",
    "[a]: c",
    "{}: c",
    ".nan: c",
  ]);
  const whole = written(validEntry(random));
  return text(`the key ${line.slice(0, 20).replaceAll("\n", "|")}`, whole + line, whole.split("\n").length);
}

function nothing(random: Random): Broken {
  const content = random.pick([
    "",
    "\n\n\n",
    "# only words\n",
    "   ",
    "null\n",
    "[]\n",
    "{}\n",
    "- uid: x\n",
    "tenant\n",
    "42\n",
    "---\n",
    "...\n",
    "\ufeff",
    "|\n  uid: x\n",
    '"uid: x"\n',
    "\u2028",
  ]);
  return text(`nothing but ${JSON.stringify(content).replaceAll(/[^\x20-\x7e]/g, "?")}`, content);
}

function encoding(random: Random): Broken {
  const content = written(validEntry(random));
  const little = Buffer.from(content, "utf16le");
  const [what, bytesOf] = random.pick<readonly [string, Uint8Array]>([
    ["UTF-16, little end first, with its mark", Buffer.concat([Buffer.from([0xff, 0xfe]), little])],
    ["UTF-16, little end first", little],
    ["UTF-16, big end first, with its mark", Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(little).swap16()])],
    ["UTF-16, big end first", Buffer.from(little).swap16()],
    ["UTF-32", Buffer.from([...content].flatMap((letter) => [letter.codePointAt(0) ?? 0, 0, 0, 0]))],
    ["a byte order mark in the middle", Buffer.from(content.replace("plan:", "\ufeffplan:"))],
    ["two byte order marks", Buffer.from(`\ufeff\ufeff${content}`)],
    ["Latin-1", Buffer.from(content.replace(/name: .*/, "name: Z\u00fcrich"), "latin1")],
    ["line ends of carriage returns alone", Buffer.from(content.replaceAll("\n", "\r"))],
    ["gzip's first bytes", Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0])],
  ]);
  return text(what, bytesOf);
}

function bytes(random: Random): Broken {
  const content = Buffer.from(written(validEntry(random)));
  const place = random.int(1, content.length - 1);
  const wrong = random.pick([[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xf8, 0x88, 0x80, 0x80, 0x80], [0x80]]);
  const name = wrong.map((byte) => byte.toString(16)).join(" ");
  return text(
    `the bytes ${name} at ${place}`,
    Buffer.concat([content.subarray(0, place), Buffer.from(wrong), content.subarray(place)]),
  );
}

function control(random: Random): Broken {
  const code = random.pick([
    0, 1, 7, 8, 0x0b, 0x0c, 0x1b, 0x1f, 0x7f, 0x80, 0x90, 0x9b, 0x9f, 0x202a, 0x202e, 0x2066, 0x2069, 0x200e, 0xfffe,
  ]);
  const piece = `${String.fromCodePoint(code)}[2J`;
  const content = written(validEntry(random));
  const [where, broken] = random.pick<readonly [string, string]>([
    ["a comment", content.replace("# a tenant", `# a tenant${piece}`)],
    ["a value", content.replace(/name: .*/, `name: Z${piece}`)],
    ["a quoted value", content.replace(/name: .*/, `name: "Z${piece}"`)],
    ["a key", content.replace("plan:", `pl${piece}an:`)],
    ["a variable", content.replace(/MOTTO: .*/, `MOTTO: ${piece}`)],
    ["a line of its own", `${content}${piece}\n`],
  ]);
  return text(`U+${code.toString(16).padStart(4, "0")} in ${where}`, broken, lineOf(broken, piece));
}

function large(random: Random): Broken {
  const size = random.pick([262_145, 1_048_576, 5_000_000]);
  const [what, filling] = random.pick<readonly [string, string]>([
    ["a comment", `# ${"x".repeat(size)}`],
    ["empty lines", "\n".repeat(size)],
    ["one value", `name: ${"x".repeat(size)}`],
    ["spaces", " ".repeat(size)],
    ["members", "    - emailDomain: z.example\n".repeat(size / 29)],
    ["brackets", "[".repeat(size)],
  ]);
  return text(`${size} bytes of ${what}`, `${written(validEntry(random))}${filling}\n`);
}
