/** The engine's envelope for secret values. With `acceptSecrets: false` inputs arrive bare and only outputs of the same name are marked again by the
 *  engine; what it would miss (generated values, everything on import) is wrapped here. The engine honours the envelope in every answer. */
import type { Properties } from "./resource.ts";
import { isUnknown } from "./unknown.ts";

export const signatureKey = "4dabf18193072939515e22adb298388d";
export const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** The properties with those named `secrets` in the envelope; unknown and absent ones stay as they are. */
export function wrapSecrets(properties: Properties, secrets: readonly string[] = []): Properties {
  const wrapped = { ...properties };
  for (const name of secrets) {
    const value = wrapped[name];
    if (value !== undefined && value !== null && !isUnknown(value)) wrapped[name] = { [signatureKey]: secretSignature, value };
  }
  return wrapped;
}

/** Every text inside the secret properties that is long enough to be hidden in messages. */
export function secretTexts(properties: Properties, secrets: readonly string[] = []): string[] {
  return secrets.flatMap((name) => texts(properties[name]));
}

function texts(value: unknown): string[] {
  if (typeof value === "string") return value.length >= 8 && !isUnknown(value) ? [value] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(texts);
}
