/** Ends log-in sessions when somebody loses access. Cloudflare asks its policies at log-in only, and a token lives for its whole session,
 *  so without this a removed person stays inside for up to a day (reference/foundations.md). There is no object behind it at the vendor. */
import type { Clock } from "../../../domain/clock.ts";
import type { Cloudflare } from "../../../vendors/cloudflare/client.ts";
import type { Resource } from "../shell/resource.ts";
import { SessionsInputs, SessionsOutputs } from "./shapes.ts";

export interface Context {
  readonly cloudflare: Cloudflare;
  readonly clock: Clock;
}

export const sessions: Resource<SessionsInputs, SessionsOutputs, Context> = {
  token: "access:index:Sessions",
  description: "The sessions of an Access application: they end when one of those who are let in goes.",
  inputs: SessionsInputs,
  outputs: SessionsOutputs,
  replaceOnChange: ["accountId", "applicationId"],

  async create(inputs) {
    return { id: `${inputs.accountId}/${inputs.applicationId}`, state: { ...inputs, revokedAt: null } };
  },

  async read(id, _context, _call, known) {
    // Nothing at the vendor could differ from what is known; and who was let in before an import, nobody can tell.
    if (!known) throw new Error(`${id} cannot be imported: it has no object at Cloudflare. Leave it out; the next up makes it`);
    return { id, inputs: known.inputs, state: known.state };
  },

  async update(_id, state, inputs, { cloudflare, clock }, call) {
    const { accountId, applicationId, admitted } = inputs;
    const gone = state.admitted.filter((person) => !admitted.includes(person)).length;
    if (gone === 0) return { ...inputs, revokedAt: state.revokedAt };
    call.log(`${gone} fewer let in: ending all sessions of the application`);
    // If this fails, the old list stays in state and the next up tries again.
    await cloudflare.revokeTokens({ accountId, applicationId }, call);
    return { ...inputs, revokedAt: new Date(await clock.now()).toISOString() };
  },

  async delete() {
    // The application goes with its tokens.
  },
};
