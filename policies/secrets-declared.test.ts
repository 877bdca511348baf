import { expect, test } from "vitest";
import { Declared, unknown, type Value } from "./rule.ts";
import { secretsDeclared } from "./secrets-declared.ts";
import { resource, strict } from "./testing.ts";

const check = (props: Record<string, Value>) =>
  secretsDeclared.check(resource("railway:index:VariableCollection", props), strict);

test.each(["TUNNEL_TOKEN", "BASIC_AUTH_USERS", "OPENROUTER_API_KEY", "DB_PASSWORD"])(
  "the variable %s in clear is refused by its place, and its value is not shown",
  async (name) => {
    const said = await check({ variables: { [name]: "correct-horse" } });
    expect(said).toEqual([expect.stringContaining(`variables.${name} is not declared secret`)]);
    expect(said.join()).not.toContain("correct-horse");
  },
);

test.each(["tunnelSecret", "token", "clientSecret", "apiToken", "password"])(
  "the argument %s in clear is refused, also deep inside",
  async (name) => {
    expect(await check({ config: [{ [name]: "correct-horse" }] })).toEqual([expect.stringContaining(`config[0].${name}`)]);
  },
);

test("what is declared passes, at its own place or above it, known or not", async () => {
  const token = "correct-horse";
  expect(await check({ variables: { TUNNEL_TOKEN: new Declared(token) } })).toEqual([]);
  expect(await check({ variables: new Declared({ TUNNEL_TOKEN: token }) })).toEqual([]);
  expect(await check({ variables: { TUNNEL_TOKEN: new Declared(unknown) } })).toEqual([]);
  expect(await check({ variables: new Declared(unknown) })).toEqual([]);
});

test("what is not known yet and not declared is refused in the preview already", async () => {
  expect(await check({ variables: { TUNNEL_TOKEN: unknown, USER_ID: unknown } })).toEqual([
    expect.stringContaining("variables.TUNNEL_TOKEN"),
  ]);
  expect(await check({ variables: unknown })).toEqual([expect.stringContaining("variables is")]);
});

test("what only sounds a little like a secret passes", async () => {
  expect(
    check({ variables: { MAX_TOKENS: "4000", TOKEN_LIMIT: "5", USER_ID: "tn_7k2m9x4q1c" }, tokenDays: 3, apiKey: "" }),
  ).toEqual([]);
});

test.each([
  ["random:index/randomPassword:RandomPassword", ["result"]],
  ["random:index/randomBytes:RandomBytes", ["base64", "hex"]],
  ["openrouter:index:Key", ["key"]],
])("what %s makes must be declared before it is made", async (type, outputs) => {
  const judge = (secretOutputs: string[]) => secretsDeclared.check(resource(type, {}, { secretOutputs }), strict);
  expect(await judge(outputs)).toEqual([]);
  expect(await judge([])).toHaveLength(outputs.length);
});
