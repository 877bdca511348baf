/** `tenant.schema.json`, which editors check entries with while they are written. Generated from schema.ts; a test keeps it fresh. */
import { z } from "zod";
import { TenantEntry } from "./schema.ts";

/** The text of tenants/tenant.schema.json. */
export function tenantJsonSchema(): string {
  const schema = { title: "A tenant of AI-DIY Fleet", ...z.toJSONSchema(TenantEntry, { target: "draft-7" }) };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
