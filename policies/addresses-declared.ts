/** Who is let in is personal data: encrypted in state, masked in previews. */
import { clearPlaces, type ResourceRule } from "./rule.ts";

/** Anywhere in a text; a masked one (a…@acme.example) is none, and neither is an image by digest. */
const address = /[^\s@…]@(?:[a-z0-9-]+\.)+[a-z]{2,}/i;

export const addressesDeclared: ResourceRule = {
  name: "addresses-declared",
  description: "E-mail addresses are declared secret",
  seesSecrets: true,
  check: ({ props }) =>
    clearPlaces(props, (_, value) => typeof value === "string" && address.test(value)).map(
      (place) => `${place} holds an e-mail address in clear. Wrap it in pulumi.secret (in the plan: {secret: …})`,
    ),
};
