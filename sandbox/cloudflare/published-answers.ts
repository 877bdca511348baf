/** For contract tests: judges answers by the published OpenAPI extracts, where these are at hand. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";

type Json = Record<string, unknown>;

export const specsFolder = fileURLToPath(new URL("../../../shared/specs/cloudflare", import.meta.url));
export const specsPresent = existsSync(specsFolder);
if (!specsPresent)
  process.stderr.write(`SKIPPED: contract tests of the emulated Cloudflare; no published extracts at ${specsFolder}\n`);

const files = [
  "access-apps",
  "access-identity-providers",
  "access-logs-users-seats",
  "access-org-tokens-keys-mtls",
  "access-policies-groups",
  "dns-records",
  "tunnels",
  "zones",
];

/** What is wrong with an answer by the published shape of this operation; undefined when nothing is, an error when nothing is published. */
export function judgeAnswers(): (method: string, path: string, status: number, body: unknown) => string | undefined {
  const ajv = new Ajv({ strict: false, allErrors: true, validateSchema: false, validateFormats: false });
  const operations: { method: string; pattern: RegExp; responses: Json; file: string; fixed: number }[] = [];
  for (const file of files) {
    const document = parsed(readFileSync(`${specsFolder}/${file}.openapi.json`, "utf8"));
    ajv.addSchema({ $id: file, components: translated(document.components) });
    for (const [template, methods] of Object.entries(object(document.paths)))
      for (const [method, operation] of Object.entries(object(methods)))
        operations.push({
          method: method.toUpperCase(),
          pattern: new RegExp(`^${template.replaceAll(/\{[^}]+\}/g, "[^/]+")}$`),
          fixed: template.replaceAll(/\{[^}]+\}/g, "").length,
          responses: object(object(operation).responses),
          file,
        });
  }
  return (method, path, status, body) => {
    const bare = path.split("?")[0] ?? "";
    const found = operations
      .filter((operation) => operation.method === method && operation.pattern.test(bare))
      .toSorted((one, other) => other.fixed - one.fixed)[0];
    if (!found) return `nothing is published for ${method} ${bare}`;
    const response =
      found.responses[String(status)] ?? (status >= 400 ? (found.responses["4XX"] ?? found.responses["4xx"]) : undefined);
    if (!response) return `${method} ${bare}: status ${status} is not published, only ${Object.keys(found.responses).join(", ")}`;
    const schema = object(Object.values(object(object(response).content))[0]).schema;
    const validate = ajv.compile(absolute(translated(schema), found.file));
    return validate(body) ? undefined : `${method} ${bare}: ${ajv.errorsText(validate.errors)}`;
  };
}

/** OpenAPI 3.0 as JSON Schema. Published alternatives overlap, so that one of them is any of them. */
function translated(given: unknown): unknown {
  if (Array.isArray(given)) return given.map(translated);
  if (given === null || typeof given !== "object") return given;
  const {
    nullable,
    oneOf,
    discriminator: _,
    exclusiveMinimum: __,
    exclusiveMaximum: ___,
    example: ____,
    ...rest
  } = object(given);
  const schema = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, translated(value)]));
  if (oneOf !== undefined) schema.anyOf = translated(oneOf);
  return nullable === true ? { anyOf: [schema, { type: "null" }] } : schema;
}

function absolute(given: unknown, file: string): Json {
  return parsed(JSON.stringify(given).replaceAll('"#/components', `"${file}#/components`));
}

function parsed(text: string): Json {
  return object(JSON.parse(text));
}

function object(value: unknown): Json {
  if (value === null || typeof value !== "object") throw new Error("not an object in the published extract");
  return Object.fromEntries(Object.entries(value));
}
