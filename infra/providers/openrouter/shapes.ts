/** What a program writes of an OpenRouter key and what it gets back. */
import { z } from "zod";

export const KeyInputs = z.strictObject({
  name: z.string().min(8).max(100).describe("Unique in the account: analytics name a key by it. Carries the marker."),
  limitDollars: z.number().positive().describe("Credit limit in US dollars."),
  limitReset: z.enum(["daily", "weekly", "monthly"]).describe("When the limit begins anew."),
  disabled: z.boolean().optional().describe("Refuses every call while true."),
});
export const KeyOutputs = KeyInputs.extend({
  hash: z.string().describe("The key's id at OpenRouter; no secret."),
  key: z.string().describe("The key itself. OpenRouter shows it once."),
});
export type KeyInputs = z.infer<typeof KeyInputs>;
export type KeyOutputs = z.infer<typeof KeyOutputs>;
