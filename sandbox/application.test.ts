import { expect, test } from "vitest";
import { applicationAnswer } from "./application.ts";

const variables = {
  PRODUCTION: "true",
  USER_ID: "tn_7k2m9x4q1c",
  BASIC_AUTH_USERS: "ann:one,bob:two",
  OPENROUTER_API_KEY: "key",
};
const ask = (path: string, headers: Record<string, string> = {}, own: Record<string, string> = variables) =>
  applicationAnswer(new Request(`http://app:8000${path}`, { headers }), own);
const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString("base64")}` });

test("nobody is let in without a log-in, each listed user with the own password only", () => {
  expect(ask("/").status).toBe(401);
  expect(ask("/", basic("ann:one")).status).toBe(200);
  expect(ask("/", basic("bob:two")).status).toBe(200);
  for (const wrong of ["ann:two", "ann:", "admin:changeme", "ann:one,bob:two"]) expect(ask("/", basic(wrong)).status).toBe(401);
});

test("without a list of users the application falls back to its well-known default", () => {
  expect(ask("/", basic("admin:changeme"), { PRODUCTION: "true" }).status).toBe(200);
});

test("whoever carries an Access header is believed, which is why no request may reach it past Access", () => {
  expect(ask("/", { "cf-access-jwt-assertion": "anything" }).status).toBe(200);
});

test("what the tenant made, and the health page, are open", async () => {
  for (const path of ["/yourapp", "/yourapp/", "/yourapp/deep/page"]) expect(ask(path).status).toBe(200);
  expect(ask("/yourapplication").status).toBe(401);
  expect(await ask("/health").json()).toEqual({ status: "healthy" });
  expect(await ask("/health", {}, {}).json()).toEqual({ status: "unhealthy" });
});

test("its page names the tenant it belongs to, and puts no markup of a variable into it", async () => {
  expect(await ask("/", basic("ann:one")).text()).toContain("tn_7k2m9x4q1c");
  expect(await ask("/yourapp", {}, { USER_ID: "<script>" }).text()).not.toContain("<script>");
});
