/** What the vendors charge, as dated data: `billing/costs/<name>.yaml`. */
import { readdirSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { OperatorError } from "../../domain/error.ts";

/** Billionths of a dollar: Railway's price of a gigabyte-minute of storage has nine decimals. */
export type Nanos = bigint;

const Rate = z
  .string()
  .regex(/^\d+(?:\.\d{1,9})?$/, "write an amount as text with at most nine decimals")
  .transform((text): Nanos => {
    const [whole = "0", fraction = ""] = text.split(".");
    return BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, "0"));
  });

const amount = z.number().min(0);

export const PricesFile = z.strictObject({
  /** The first month these prices hold for. */
  from: z.string().regex(/^\d{4}-\d{2}$/),
  railway: z.strictObject({
    /** A flat guess for an hour with activity; 0 where memory and processor are counted. */
    activeHour: Rate,
    memoryGBMinute: Rate,
    vCPUMinute: Rate,
    volumeGBMinute: Rate,
    egressGB: Rate,
  }),
  cloudflare: z.strictObject({ freeSeats: z.int().min(0), seatMonth: Rate, allSeatsChargedBeyondFree: z.boolean() }),
  /** Percent of each charge; Billing's of the same amount. */
  stripe: z.strictObject({ cardPercent: Rate, cardFixed: Rate, billingPercent: Rate }),
  /** Whether what the tenant's model key spent is our cost. */
  modelUsage: z.boolean().default(true),
  /** Used where nothing was measured. */
  estimates: z.strictObject({ appVCPUs: amount, tunnelGB: amount, tunnelVCPUs: amount, volumeGB: amount }),
});

export interface Prices extends z.infer<typeof PricesFile> {
  readonly name: string;
}

const folder = new URL("./", import.meta.url);

/** What the plan of January 2026 counted with. */
export const plannedPricesName = "plan-2026-01";

/** The list prices that hold in a month (`2026-11`): the newest that do not begin later, for older months the oldest. */
export function listPricesOf(month: string): Prices {
  const lists = pricesNames()
    .filter((name) => name.startsWith("list-"))
    .map(loadPrices)
    .sort((one, other) => (one.from < other.from ? -1 : 1));
  const prices = lists.findLast((list) => list.from <= month) ?? lists[0];
  if (prices === undefined)
    throw new OperatorError("billing/costs/ has no list-<month>.yaml; write one with the vendors' prices");
  return prices;
}

/** Prices by the file's name; throws OperatorError for a name that is none and with all problems of a file. */
export function loadPrices(name: string): Prices {
  const names = pricesNames();
  if (!names.includes(name))
    throw new OperatorError(`there are no prices "${name}" in billing/costs/; there are ${names.join(", ")}`);
  const result = PricesFile.safeParse(parse(readFileSync(new URL(`${name}.yaml`, folder), "utf8")));
  if (result.success) return { name, ...result.data };
  const file = `billing/costs/${name}.yaml`;
  throw new OperatorError(result.error.issues.map((issue) => ({ file, message: `${issue.path.join(".")}: ${issue.message}` })));
}

function pricesNames(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => file.slice(0, -".yaml".length))
    .sort();
}
