/** What is not declared secret stands in clear in state, previews and logs. Whether something is declared is known in a preview, also where its value is not. */
import { clearPlaces, type ResourceRule, unknown } from "./rule.ts";

export const secretsDeclared: ResourceRule = {
  name: "secrets-declared",
  description: "Tokens, keys and passwords are declared secret",
  seesSecrets: true,
  check({ type, props, secretOutputs }) {
    const missing = (outputsOf[type] ?? []).filter((output) => !secretOutputs.includes(output));
    return [
      ...clearPlaces(props, isClear).map(
        (place) =>
          `${place} is not declared secret. Wrap it in pulumi.secret (in the plan: {secret: …}); a tenant's own secret must not stand in its file`,
      ),
      ...missing.map((output) => `${output} is made by the vendor and not declared secret. Name it in additionalSecretOutputs`),
    ];
  },
};

/** Secrets that come back from a vendor. */
const outputsOf: Readonly<Record<string, readonly string[]>> = {
  "random:index/randomPassword:RandomPassword": ["result"],
  "random:index/randomBytes:RandomBytes": ["base64", "hex"],
  "openrouter:index:Key": ["key"],
};

/** Arguments and variables whose name says that they hold a secret. `variables` as a whole may hold one while it is not known. */
const telling = /(?:token|secret|password|passphrase|api_?key|private_?key|management_?key|basic_auth_users)$/i;

function isClear(name: string, value: unknown): boolean {
  if (value === unknown) return telling.test(name) || name === "variables";
  return typeof value === "string" && value !== "" && telling.test(name);
}
