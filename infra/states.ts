/** What a tenant's state means for its resources and for the people who meet its log-in page (DESIGN 4). Pure. */
import type { TenantState } from "../tenants/schema.ts";

export interface StateMeaning {
  /** Application and tunnel run, the model key works, and members are let in; else all of it is off. */
  readonly open: boolean;
  /** Whether the two services exist at all. Without them the volume lies on none, with everything that is on it. */
  readonly services: boolean;
  /** Whether a later change may delete what the tenant has. */
  readonly leaving: boolean;
  /** What the log-in page says instead of letting in; undefined while open. */
  readonly denial: string | undefined;
}

/** Everything that depends on the state, in one place. */
export function meaningOf(state: TenantState): StateMeaning {
  switch (state) {
    case "active":
      return { open: true, services: true, leaving: false, denial: undefined };
    case "suspended":
      return {
        ...{ open: false, services: true, leaving: false },
        denial:
          "is suspended: it is stopped, and nothing is charged by the hour. All data is kept. Ask the person who runs it to have it opened again.",
      };
    case "retained":
      return {
        ...{ open: false, services: false, leaving: false },
        denial:
          "is closed, and nothing is charged by the hour. All data is kept. Ask the person who runs it to have it opened again.",
      };
    case "offboarding":
      return {
        ...{ open: false, services: true, leaving: true },
        denial:
          "is being closed for good, and its data will be deleted. Ask the person who runs it at once if you still need something.",
      };
    default:
      return state satisfies never;
  }
}
