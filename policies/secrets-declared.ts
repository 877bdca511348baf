/** What is not declared secret stands in clear in state, previews and logs. */
import { Declared, type ResourceRule, unknown, type Value } from "./rule.ts";

export const secretsDeclared: ResourceRule = {
  name: "secrets-declared",
  description: "Tokens, keys and passwords are declared secret",
  seesSecrets: true,
  check({ type, props, secretOutputs }) {
    const missing = (outputsOf[type] ?? []).filter((output) => !secretOutputs.includes(output));
    return [
      ...clearSecrets(props, "").map(
        (place) =>
          `${place} is not declared secret. Wrap it in pulumi.secret (in the plan {secret: …}); a tenant's own secret must not stand in its file`,
      ),
      ...missing.map((output) => `${output} is made by the vendor and not declared secret. Name it in additionalSecretOutputs`),
    ];
  },
};

/** Secrets that come back from a vendor: a value of theirs is not known before `up`, whether it is secret is. */
const outputsOf: Readonly<Record<string, readonly string[]>> = {
  "random:index/randomPassword:RandomPassword": ["result"],
  "random:index/randomBytes:RandomBytes": ["base64", "hex"],
  "openrouter:index:Key": ["key"],
};

/** Arguments and variables whose name says that they hold a secret. */
const telling = /(?:token|secret|password|passphrase|api_?key|private_?key|management_?key|basic_auth_users)$/i;

/** Places of values that look secret and are not. One that is not known yet is judged by `up`, before it goes anywhere. */
function clearSecrets(value: Value, place: string): string[] {
  if (value instanceof Declared || value === unknown || typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]: [string, Value]) => {
    const path = Array.isArray(value) ? `${place}[${name}]` : place === "" ? name : `${place}.${name}`;
    if (typeof inner === "string" && inner !== "" && telling.test(name)) return [path];
    return clearSecrets(inner, path);
  });
}
