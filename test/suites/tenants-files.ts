/** Things in a stack's folder that are no files of their own, or have names that no tenant may have. */
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "./random.ts";
import { type Broken, fileName, validEntry, written } from "./tenants-scene.ts";

export const fileKinds: readonly ((random: Random) => Broken)[] = [link, link, special, name, name, name];

function link(random: Random): Broken {
  const content = written(validEntry(random));
  const outside = (folder: string) => join(folder, "..", "outside.yaml");
  const [what, write] = random.pick<readonly [string, (folder: string) => void]>([
    [
      "a file outside",
      (folder) => {
        writeFileSync(outside(folder), content);
        symlinkSync("../outside.yaml", join(folder, fileName));
      },
    ],
    ["the machine's users", (folder) => symlinkSync("/etc/passwd", join(folder, fileName))],
    ["endless zeros", (folder) => symlinkSync("/dev/zero", join(folder, fileName))],
    ["the terminal", (folder) => symlinkSync("/dev/tty", join(folder, fileName))],
    ["this process's memory", (folder) => symlinkSync("/proc/self/environ", join(folder, fileName))],
    ["nothing", (folder) => symlinkSync("nowhere.yaml", join(folder, fileName))],
    ["itself", (folder) => symlinkSync(fileName, join(folder, fileName))],
    [
      "another link back to it",
      (folder) => {
        symlinkSync("_b", join(folder, fileName));
        symlinkSync(fileName, join(folder, "_b"));
      },
    ],
    ["its own folder", (folder) => symlinkSync(".", join(folder, fileName))],
    ["the folder above", (folder) => symlinkSync("..", join(folder, fileName))],
    [
      "a link to outside",
      (folder) => {
        writeFileSync(outside(folder), content);
        symlinkSync("../outside.yaml", join(folder, "_inner"));
        symlinkSync("_inner", join(folder, fileName));
      },
    ],
    [
      "a folder with a longer name beside",
      (folder) => {
        mkdirSync(`${folder}-other`);
        writeFileSync(join(`${folder}-other`, "z.yaml"), content);
        symlinkSync("../sandbox-other/z.yaml", join(folder, fileName));
      },
    ],
    ["a price plan", (folder) => symlinkSync("../plans/standard-2026-01.yaml", join(folder, fileName))],
    ["another tenant", (folder) => symlinkSync("acme.yaml", join(folder, fileName))],
    ["the identity", (folder) => symlinkSync("identity.txt", join(folder, fileName))],
  ]);
  return { what: `a link to ${what}`, write };
}

function special(random: Random): Broken {
  const [what, write] = random.pick<readonly [string, (path: string) => void]>([
    ["a folder", (path) => mkdirSync(path)],
    [
      "a folder with an entry",
      (path) => {
        mkdirSync(path);
        writeFileSync(join(path, fileName), written(validEntry(random)));
      },
    ],
    ["a pipe", (path) => void execFileSync("mkfifo", [path])],
    ["a folder of another name", (path) => mkdirSync(path.replace(".yaml", ""))],
  ]);
  return { what: `${what} named like a file`, write: (folder) => write(join(folder, fileName)) };
}

function name(random: Random): Broken {
  const content = written(validEntry(random));
  const names = [
    "Zephyr",
    "ZEPHYR",
    "z",
    "9z",
    "-z",
    "z-",
    "z--z",
    "z_z",
    "z.z",
    "z z",
    " z",
    "z\nz",
    "z\tz",
    "z\u001b[2J",
    "z\u202ez",
    "z\u009bz",
    "zé",
    "аcme",
    "z\u0000".replaceAll("\u0000", "\u0001"),
    "x".repeat(41),
    "x".repeat(200),
    "acrne",
    "ac-me",
    "acme-",
    "blrch",
    "b1rch",
    "ceclar",
    "cedar.yaml",
    "admin",
    "adrnin",
    "www",
    "api",
    "l0gin",
    "log1n",
    "1ocalhost",
    "xn--acme-9qa.x",
    "$(reboot)",
    "`id`",
    "%2e%2e",
    "z;z",
    "z'z",
    'z"z',
    "z\\z",
    "~",
  ] as const;
  const chosen = random.pick(names);
  const end = random.chance(0.15) ? random.pick([".yml", ".YAML", ".Yml", ".json", ".JSON"]) : ".yaml";
  return {
    what: `the file ${JSON.stringify(chosen + end)
      .replaceAll(/[^\x20-\x7e]/g, "?")
      .slice(0, 60)}`,
    write: (folder) => writeFileSync(join(folder, chosen + end), content),
  };
}
