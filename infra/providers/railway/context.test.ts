import { expect, test } from "vitest";
import { redact } from "../../../domain/error.ts";
import { railwayContext } from "./context.ts";

test("a wrong token and address are named at once, with what to write instead", () => {
  const env = { RAILWAY_API_TOKEN: "half-of-a-token\nother-half", RAILWAY_API_URL: "backboard" };
  expect(() => railwayContext(env, {})).toThrow(/line break in it: copy it again.*\n"backboard" is no address.*https:/);
  expect(() => railwayContext({ RAILWAY_API_TOKEN: "a-token" }, { apiUrl: "ftp://x" })).toThrow("is no address");
  expect(() => railwayContext({ RAILWAY_API_TOKEN: " " }, {})).toThrow("no Railway token");
});

test("the line break that a secret's file ends with is not part of the token, and the token is hidden in texts", () => {
  railwayContext({ RAILWAY_API_TOKEN: "token-of-a-file-1\n", RAILWAY_API_URL: "http://127.0.0.1:1/graphql/v2\n" }, {});
  expect(redact("Bearer token-of-a-file-1.")).not.toContain("token-of-a-file-1");
  expect(redact("sent token-of-a-file-1")).not.toContain("token-of-a-file-1");
});
