/** Entries that are YAML and yet not right: values, keys, seals, and what holds between files. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { keygen, seal } from "../../tenants/seal.ts";
import type { Random } from "./random.ts";
import { recipient } from "./tenants-keys.ts";
import {
  type Broken,
  fileName,
  lineOf,
  planted,
  sealedAddress,
  text,
  type Values,
  validEntry,
  written,
} from "./tenants-scene.ts";

export const valueKinds: readonly ((random: Random) => Broken)[] = [
  wrongType,
  wrongType,
  unknownKey,
  unknownKey,
  missingKey,
  badValue,
  badValue,
  badValue,
  manyMistakes,
  longText,
  badMember,
  badMember,
  damagedSeal,
  foreignSeal,
  notAnAddressSealed,
  collision,
];

type Path = readonly (string | number)[];

function wrongType(random: Random): Broken {
  const entry = validEntry(random);
  const path = random.pick(asTuple(leaves(entry)));
  const others = [
    ["a"],
    { a: 1 },
    null,
    [],
    {},
    [null],
    typeof at(entry, path) === "string" ? random.pick([5, true, 0.1]) : "five",
  ] as const;
  const other = random.pick(others);
  return text(`${path.join(".")} is ${JSON.stringify(other)}`, written(put(entry, path, other)));
}

function unknownKey(random: Random): Broken {
  const entry = validEntry(random);
  const path = random.pick<Path>([[], ["access"], ["access", "members", 0], ["app"], ["billing"]]);
  const words = [
    "constructor",
    "toString",
    "hasOwnProperty",
    "nam",
    "Uid",
    "planned",
    "sesionDuration",
    "email ",
    "0",
    "a b",
    "ключ",
    planted,
  ] as const;
  const key = random.pick([...words, "k".repeat(random.int(2, 3000)), "__proto__"]);
  if (key === "__proto__") {
    const content = `${written(entry)}__proto__: { polluted: true }\n`;
    return text("the key __proto__", content, lineOf(content, "__proto__"));
  }
  return text(`the unknown key ${key.slice(0, 20)} in ${path.join(".") || "the entry"}`, written(put(entry, [...path, key], 1)));
}

function missingKey(random: Random): Broken {
  const path = random.pick<Path>([["uid"], ["name"], ["plan"], ["access"], ["access", "members"]]);
  return text(`${path.join(".")} is missing`, written(put(validEntry(random), path, undefined)));
}

const badValues: readonly [Path, readonly [unknown, ...unknown[]]][] = [
  [["uid"], ["", "tn_short", "TN_AAAAAAAAAA", "tn_aaaaaaaaaaa", " tn_aaaaaaaaaa", planted]],
  [["name"], ["", " ", "x".repeat(81), planted, "a\nb", " a", "a\u200bb", "a\u202eb"]],
  [["plan"], ["", "gold", "Standard-2026-01", "../plans/x", "standard-2026-1"]],
  [["state"], ["", "Active", "deleted", "on"]],
  [
    ["access", "members"],
    [[], Array.from({ length: 501 }, () => ({ emailDomain: "z.example" }))],
  ],
  [
    ["access", "sessionDuration"],
    ["", "3 days", "25h", "0h", "1d", "30", "30M", "24h "],
  ],
  [
    ["access", "loginMethods"],
    [[], ["google", "google"], ["saml"], [""]],
  ],
  [
    ["access", "publicPaths"],
    [["/"], ["/*"], ["/a/../b"], ["yourapp"], ["/a b"], ["/a", "/a"], ["/%2e%2e"], ["//a"], ["/a?b"]],
  ],
  [
    ["app", "memoryGB"],
    [0, -1, 0.3, 33, 1e308, 1e-9, Number.NaN, Number.POSITIVE_INFINITY],
  ],
  [
    ["app", "vCPUs"],
    [0, -0.25, 64, 1.1],
  ],
  [
    ["app", "volumeGB"],
    [0, 1.5, 1001, -5],
  ],
  [
    ["app", "region"],
    ["", "US", "x".repeat(50), "a b"],
  ],
  [
    ["app", "release"],
    ["", "ghcr.io/x:latest", "Stable"],
  ],
  [["app", "variables", "lower"], ["x"]],
  [["app", "variables", "USER_ID"], ["x"]],
  [["app", "variables", "RAILWAY_TOKEN"], ["x"]],
  [["app", "variables", "A=B"], ["x"]],
  [
    ["app", "variables", "MOTTO"],
    ["x".repeat(4097), "a\u0000b", "\u001b[2J"],
  ],
  [
    ["billing", "customer"],
    ["", "cus_", "sub_123456", "cus_a b", `cus_${"x".repeat(65)}`],
  ],
  [
    ["billing", "exempt"],
    ["", "no", "   ", "x".repeat(201), "a\u001b[31mb", "a\u202eb"],
  ],
  [
    ["billing", "budgetHours"],
    [0, 1.5, 745, -1, 1e21],
  ],
  [
    ["billing", "graceUntil"],
    ["2026-02-30", "31.12.2026", "2026-13-01", "", "tomorrow", "2026-1-1"],
  ],
  [["adopt"], [{}, { step: "imported" }, { step: "begun", until: "2026-12-31" }, { step: "imported", until: "2026-02-30" }]],
];

function badValue(random: Random): Broken {
  const [path, values] = random.pick(asTuple(badValues));
  const value = random.pick(values);
  return text(`${path.join(".")} is ${shortly(value)}`, written(put(validEntry(random), path, value)));
}

function manyMistakes(random: Random): Broken {
  const count = random.int(300, 3000);
  const junk = Object.fromEntries(Array.from({ length: count }, (_, index) => [`junk${index}`, planted]));
  return text(`${count} unknown keys`, written({ ...validEntry(random), ...junk }));
}

function longText(random: Random): Broken {
  const length = random.pick([5_000, 50_000, 1_048_576]);
  const path = random.pick<Path>([
    ["uid"],
    ["name"],
    ["plan"],
    ["access", "sessionDuration"],
    ["access", "members", 1, "emailDomain"],
    ["app", "region"],
  ]);
  const piece = random.pick(["x", "a b ", `${planted} `, "ü", "'\""]);
  return text(
    `${path.join(".")} has ${length} characters`,
    written(put(validEntry(random), path, piece.repeat(length / piece.length))),
  );
}

function badMember(random: Random): Broken {
  const members = [
    {},
    { email: planted },
    { email: "nobody" },
    { email: "age:" },
    { email: sealedAddress, emailDomain: "z.example" },
    { emailDomain: "gmail.com" },
    { emailDomain: "@z.example" },
    { emailDomain: "*.example" },
    { emailDomain: "Z.example" },
    { githubOrganization: "-z" },
    { team: "t" },
    { githubOrganization: "z", team: "T T" },
    { googleGroup: planted },
    { emailDomain: "z.example" },
    "everybody",
    null,
    [sealedAddress],
  ] as const;
  const member = random.pick(members);
  return text(`a member is ${shortly(member)}`, written(put(validEntry(random), ["access", "members", 3], member)));
}

function damagedSeal(random: Random): Broken {
  const place = random.int(60, sealedAddress.length - 8);
  const kind = random.int(0, 3);
  const other = sealedAddress[place] === "A" ? "B" : "A";
  const damaged = [
    `${sealedAddress.slice(0, place)}${other}${sealedAddress.slice(place + 1)}`,
    sealedAddress.slice(0, place),
    `${sealedAddress.slice(0, place)}!${sealedAddress.slice(place)}`,
    `${sealedAddress}${"A".repeat(random.int(1, 5000))}`,
  ][kind];
  return text(
    `a seal is damaged at ${place} (${kind})`,
    written(put(validEntry(random), ["access", "members", 0, "email"], damaged)),
    7,
  );
}

function foreignSeal(random: Random): Broken {
  return sealedLater(random, "an address is sealed to another recipient", async () => seal(planted, (await keygen()).recipient));
}

function notAnAddressSealed(random: Random): Broken {
  const said = random.pick(["hello", "", "a@b", `${planted}\n`, "*", "a@b.example,c@d.example", "\u001b[2J@z.example"]);
  return sealedLater(random, `${JSON.stringify(said)} is sealed`, () => seal(said, recipient));
}

function sealedLater(random: Random, what: string, make: () => Promise<string>): Broken {
  const entry = validEntry(random);
  return {
    what,
    line: 7,
    async write(folder) {
      writeFileSync(join(folder, fileName), written(put(entry, ["access", "members", 0, "email"], await make())));
    },
  };
}

function collision(random: Random): Broken {
  const entry = validEntry(random);
  const kind = random.int(0, 2);
  if (kind === 0) return text("the uid is acme's", written(put(entry, ["uid"], "tn_7k2m9x4q1c")), 2);
  const second = written(put(entry, ["uid"], "tn_yyyyyyyyyy"));
  const [what, name] = (
    [
      ["two tenants with one customer", "yonder.yaml"],
      ["two names that look the same", "zep-hyr.yaml"],
    ] as const
  )[kind === 1 ? 0 : 1];
  return {
    what,
    write(folder) {
      writeFileSync(join(folder, fileName), written(entry));
      writeFileSync(join(folder, name), second);
    },
  };
}

function shortly(value: unknown): string {
  const said = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? "nothing");
  return said.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 60);
}

function asTuple<Item>(list: readonly Item[]): readonly [Item, ...Item[]] {
  const [first, ...rest] = list;
  if (first === undefined) throw new Error("an empty list to pick from");
  return [first, ...rest];
}

/** Paths of everything that is neither a list nor a block. */
function leaves(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, Array.isArray(value) ? Number(key) : key]));
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (here, key) => (typeof here === "object" && here !== null ? Reflect.get(here, key) : undefined),
    value,
  );
}

/** A copy with another value at a path; undefined takes it away. */
function put(value: unknown, path: Path, other: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return other;
  if (Array.isArray(value)) {
    const list: unknown[] = [...value];
    list[Number(key)] = put(list[Number(key)], rest, other);
    return list;
  }
  const block: Values = typeof value === "object" && value !== null ? { ...value } : {};
  return { ...block, [key]: put(block[key], rest, other) };
}
