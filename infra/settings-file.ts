/** A stack's settings straight from `Pulumi.<stack>.yaml`, for commands that run without the engine (fleet tenant check). Secrets stay closed. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { OperatorError } from "../domain/error.ts";
import { readSettings, type Settings } from "./settings.ts";

export interface SettingsFile {
  /** As Pulumi's own configuration gives it: structured values as JSON; undefined for secrets and what is not there. */
  get(name: string): string | undefined;
  hasSecret(name: string): boolean;
}

/** Throws OperatorError when the file is there but cannot be read; a stack without a file has no settings. */
export function settingsFile(root: string, stack: string): SettingsFile {
  const file = `Pulumi.${stack}.yaml`;
  const path = join(root, file);
  const config = existsSync(path) ? read(path, file) : {};
  const value = (name: string): unknown => config[`fleet:${name}`];
  return {
    get(name) {
      const given = value(name);
      if (given === undefined || given === null || isSecret(given)) return undefined;
      return typeof given === "object" ? JSON.stringify(given) : String(given);
    },
    hasSecret: (name) => isSecret(value(name)),
  };
}

/** Whether members' addresses may stand in a stack's files as they are (`fleet:personalData`); throws OperatorError when it is neither sealed nor plain. */
export function personalDataOf(root: string, stack: string): "sealed" | "plain" {
  const said = settingsFile(root, stack).get("personalData") ?? "sealed";
  if (said === "sealed" || said === "plain") return said;
  throw new OperatorError([
    { file: `Pulumi.${stack}.yaml`, message: `fleet:personalData is neither sealed nor plain, but ${JSON.stringify(said)}` },
  ]);
}

/** A stack's settings as its file says them; throws OperatorError that names everything that is missing or wrong. */
export function stackSettings(root: string, stack: string): Settings {
  const file = settingsFile(root, stack);
  return readSettings(
    stack,
    (name) => file.get(name),
    (name) => file.hasSecret(name),
  );
}

const StackFile = z.looseObject({ config: z.record(z.string(), z.unknown()).nullish() }).nullable();

function read(path: string, file: string): Readonly<Record<string, unknown>> {
  try {
    return StackFile.parse(parse(readFileSync(path, "utf8")))?.config ?? {};
  } catch (error) {
    throw new OperatorError([{ file, message: `cannot be read (${error instanceof Error ? error.message : String(error)})` }]);
  }
}

function isSecret(value: unknown): boolean {
  return typeof value === "object" && value !== null && "secure" in value;
}
