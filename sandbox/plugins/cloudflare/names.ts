/** The SDK's names ↔ the API's, with every exception of reference/cloudflare.md 1.1 and 1.3. */
import type { Properties } from "../../../infra/providers/shell/resource.ts";
import { isObject } from "./json.ts";

/** How names inside a property are written: snake_case everywhere, but a tunnel's configuration keeps cloudflared's own camelCase. */
export type Dialect = "snake" | "cloudflared";

/** `sessionDuration` → `session_duration`. */
export function wireName(name: string, dialect: Dialect = "snake"): string {
  const exceptions = dialect === "snake" ? snake : cloudflared;
  const known = exceptions.get(name);
  if (known !== undefined) return known;
  return dialect === "snake" ? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : name;
}

/** `session_duration` → `sessionDuration`. */
export function sdkName(name: string, dialect: Dialect = "snake"): string {
  const known = (dialect === "snake" ? snakeBack : cloudflaredBack).get(name);
  if (known !== undefined) return known;
  return dialect === "snake" ? name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()) : name;
}

/** A property's value with the API's names at every depth. Nulls in objects are left out: to the SDK they are unset. */
export function toWire(value: unknown, dialect: Dialect): unknown {
  return renamed(value, (name) => wireName(name, dialect));
}

/** A value of an answer with the SDK's names at every depth. */
export function fromWire(value: unknown, dialect: Dialect): unknown {
  return renamed(value, (name) => sdkName(name, dialect));
}

const snake = new Map([
  ["includes", "include"],
  ["requires", "require"],
  ["excludes", "exclude"],
  ["githubOrganization", "github-organization"],
  ["azureAd", "azureAD"],
  ["targetCriterias", "target_criteria"],
  ["serviceAuth401Redirect", "service_auth_401_redirect"],
  ["warpAuthNonBrowser401", "warp_auth_non_browser_401"],
]);
const cloudflared = new Map([
  ["ingresses", "ingress"],
  ["audTags", "audTag"],
  ["noTlsVerify", "noTLSVerify"],
  ["matchSnItoHost", "matchSNItoHost"],
  ["warpRouting", "warp-routing"],
]);
const snakeBack = inverted(snake);
const cloudflaredBack = inverted(cloudflared);

function inverted(map: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...map].map(([sdk, wire]) => [wire, sdk]));
}

function renamed(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (!isObject(value)) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== null && inner !== undefined);
  const result: Properties = {};
  for (const [name, inner] of entries) result[rename(name)] = renamed(inner, rename);
  return result;
}
