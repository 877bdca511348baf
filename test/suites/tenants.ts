import { deepStrictEqual } from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { randomOf } from "./random.ts";
import type { Suite, SuiteCase, SuiteOptions } from "./suite.ts";
import { fileKinds } from "./tenants-files.ts";
import { type Broken, checked, fileName, refusedAsJson, refusedWell, validEntry, written } from "./tenants-scene.ts";
import { textKinds } from "./tenants-texts.ts";
import { nothingIsMade } from "./tenants-up.ts";
import { valueKinds } from "./tenants-values.ts";

const kinds = [...valueKinds, ...textKinds, ...fileKinds];
/** Broken files of an everyday run, and of a full one; entries that are right; broken files that `fleet up` is tried with. */
const sizes = { everyday: { broken: 200, right: 10, up: 3 }, full: { broken: 4000, right: 200, up: 12 } };

/** Broken tenant files, and that nothing comes of them but a message. */
export const suite = {
  name: "tenants",
  about: "a tenant file that is not right is refused with file and line, and nothing is made of it at any vendor",
  *cases({ full, seed }: SuiteOptions): Generator<SuiteCase> {
    const size = full ? sizes.full : sizes.everyday;
    yield* inProcess(size, seed);
    const tried = Array.from({ length: size.up }, (_, index) => brokenFile(seed, index * 7 + 1).broken);
    yield {
      name: `fleet up sandbox asks no vendor for anything while a file is broken (${tried.map(({ what }) => what).join("; ")})`,
      run: () => nothingIsMade(tried),
    };
  },
} satisfies Suite;

/** The cases that need no process of their own. */
export function* inProcess(size: { readonly broken: number; readonly right: number }, seed: number): Generator<SuiteCase> {
  for (let index = 0; index < size.right; index++) {
    const entry = written(validEntry(randomOf(seed, -1 - index)));
    yield { name: `entry ${index} of seed ${seed}, with nothing broken, is right`, run: () => isRight(entry, index) };
  }
  for (let index = 0; index < size.broken; index++) {
    const { broken, random } = brokenFile(seed, index);
    yield {
      name: `file ${index} of seed ${seed}: ${broken.what}`,
      async run() {
        refusedWell(await checked(broken), broken.line);
        if (random.chance(0.2)) refusedAsJson(await checked(broken, ["--json"]));
      },
    };
  }
}

function brokenFile(seed: number, index: number) {
  const random = randomOf(seed, index);
  const make = kinds[index % kinds.length];
  if (!make) throw new Error("no kind of broken file");
  return { random, broken: make(random) satisfies Broken };
}

/** Otherwise a case could be refused for something that its kind did not break. Every second one begins with a byte order mark, every third ends its lines as Windows does. */
async function isRight(entry: string, index: number): Promise<void> {
  const ends = index % 3 === 0 ? entry.replaceAll("\n", "\r\n") : entry;
  const content = index % 2 === 0 ? `\ufeff${ends}` : ends;
  const answer = await checked({ write: (folder) => writeFileSync(join(folder, fileName), content) });
  deepStrictEqual(answer, { code: 0, out: "sandbox: 4 tenants, all right\n", err: "" });
}
