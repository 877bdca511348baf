/** Random texts and bytes from the operating system's source, by the rules of @pulumi/random. */
import { randomInt } from "node:crypto";
import type { Properties } from "../../../infra/providers/shell/resource.ts";

const classes = [
  { use: "lower", least: "minLower", letters: "abcdefghijklmnopqrstuvwxyz" },
  { use: "upper", least: "minUpper", letters: "ABCDEFGHIJKLMNOPQRSTUVWXYZ" },
  { use: "numeric", least: "minNumeric", letters: "0123456789" },
  { use: "special", least: "minSpecial", letters: "!@#$%&*()-_=+[]{}<>:?" },
] as const;

/** A text of `length` characters out of the classes that are not switched off, with the wanted minimum of each. */
export function randomText(inputs: Properties): string {
  const length = Number(inputs.length);
  const allowed = classes.map(({ use, least, letters }) => ({
    use: inputs[use] !== false && !(use === "numeric" && inputs.number === false),
    least: Number(inputs[least] ?? 0),
    letters: use === "special" && typeof inputs.overrideSpecial === "string" ? inputs.overrideSpecial : letters,
  }));
  const every = allowed.filter(({ use }) => use).map(({ letters }) => letters);
  const characters = allowed.flatMap(({ least, letters }) => pick(letters, least));
  characters.push(...pick(every.join(""), length - characters.length));
  // The required ones stand at the front until they are shuffled.
  for (let at = characters.length - 1; at > 0; at--) {
    const other = randomInt(at + 1);
    [characters[at], characters[other]] = [characters[other] ?? "", characters[at] ?? ""];
  }
  return characters.join("");
}

/** What is wrong with the wish: more required characters than the length holds, or nothing to choose from. */
export function textProblems(inputs: Properties): { property: string; reason: string }[] {
  const required = classes.reduce((sum, { least }) => sum + Number(inputs[least] ?? 0), 0);
  const problems = [];
  if (required > Number(inputs.length))
    problems.push({ property: "length", reason: `is ${inputs.length}, but the minimums add up to ${required}` });
  if (classes.every(({ use }) => inputs[use] === false || (use === "numeric" && inputs.number === false)))
    problems.push({ property: "length", reason: "cannot be filled: every class of characters is switched off" });
  return problems;
}

function pick(letters: string, count: number): string[] {
  return Array.from({ length: Math.max(0, count) }, () => letters.charAt(randomInt(letters.length)));
}
