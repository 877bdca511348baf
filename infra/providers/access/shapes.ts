/** What a program writes of the sessions of an Access application. */
import { z } from "zod";

export const SessionsInputs = z.strictObject({
  accountId: z.string().min(1),
  applicationId: z.string().min(1),
  /** In any order. */
  admitted: z
    .array(z.string().min(1))
    .describe("A keyed hash for everybody who is let in. When one of them goes, all sessions of the application end."),
});
export const SessionsOutputs = SessionsInputs.extend({
  revokedAt: z.string().nullable().describe("When sessions were ended last, ISO 8601 UTC; null while never."),
});
export type SessionsInputs = z.infer<typeof SessionsInputs>;
export type SessionsOutputs = z.infer<typeof SessionsOutputs>;
