import { expect, test } from "vitest";
import { exitCode, OperatorError, RefusedError, redact, registerSecret, VendorError } from "./error.ts";

test("all problems of an input stand in one message, each with its place", () => {
  const error = new OperatorError([
    { file: "tenants/prod/acme.yaml", line: 7, column: 3, message: "is not a duration" },
    { file: "tenants/prod/birch.yaml", message: "cannot be read" },
    { message: "no stack" },
  ]);
  expect(error.message).toBe("tenants/prod/acme.yaml:7:3 is not a duration\ntenants/prod/birch.yaml cannot be read\nno stack");
  expect([error.exitCode, new RefusedError("no").exitCode]).toEqual([exitCode.wrongUse, exitCode.refused]);
});

test("secrets are hidden in every text: registered ones and those that can be known by their form", () => {
  registerSecret("correct horse battery");
  registerSecret("short");
  const text = [
    "password correct horse battery",
    "Authorization: Bearer abcdefgh.12345678",
    "sk_live_abcdef123456 rk_test_abcdef123456",
    "sk-or-v1-0123456789abcdef",
    `AGE-SECRET-KEY-1${"Q".repeat(58)}`,
    "a short word",
  ].join("\n");
  const clean = redact(text);
  for (const secret of ["battery", "12345678", "abcdef123456", "0123456789abcdef", "QQQQ"]) expect(clean).not.toContain(secret);
  expect(clean).toContain("a short word");
});

test("mail addresses are masked wherever they stand; digests, versions and long texts stay as they are, in little time", () => {
  expect(redact('{"email":"ada.l+x@acme.example"}, a=ada%2Bx%40acme.example, <grace@mail.acme.example>')).toBe(
    '{"email":"a…@acme.example"}, a=a…%40acme.example, <g…@mail.acme.example>',
  );
  const plain = `image@sha256:833ccf94 vitest@5.1.1 @pulumi/pulumi@3.270.0 a…@acme.example ${"x".repeat(2_000_000)}`;
  expect(redact(plain)).toBe(plain);
});

test("a vendor's refusal names operation, status, code and request, and hides what the vendor repeats", () => {
  const error = new VendorError({
    vendor: "stripe",
    operation: "POST /v1/customers",
    status: 401,
    code: "invalid_api_key",
    vendorMessage: "Invalid API Key provided: sk_test_abcdef123456",
    requestId: "req_1",
    retryable: false,
  });
  expect(error.message).toBe(
    'stripe refused POST /v1/customers ("Invalid API Key provided: [secret]"), HTTP 401, invalid_api_key, request req_1',
  );
});
