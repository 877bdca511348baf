import * as z from "zod";

/** What time alone does (a period ends, a draft is finalized, a retry is due), as data. A job only says *look*: its handler checks that it still applies. */
export const Job = z.object({
  /** Epoch milliseconds on the job's clock. */
  at: z.number(),
  /** Equal times fire in the order of their making. */
  sequence: z.number(),
  kind: z.enum([
    "acceptEvent",
    "errorReport",
    "completeAdjustment",
    "periodEnd",
    "cancelAt",
    "incompleteExpiry",
    "resumptionExpiry",
    "finalize",
    "collect",
    "overdue",
    "sessionExpiry",
    "advanceClock",
    "deleteClock",
  ]),
  id: z.string(),
  /** The test clock whose time decides; null is the sandbox's clock. */
  clock: z.string().nullable(),
});
export type Job = z.infer<typeof Job>;
/** What a job looks at. */
export type JobKind = Job["kind"];

/** The jobs in the order in which they are due. */
export class Agenda {
  #jobs: Job[] = [];

  add(job: Job): void {
    let low = 0;
    let high = this.#jobs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#jobs[middle];
      if (other && (other.at < job.at || (other.at === job.at && other.sequence < job.sequence))) low = middle + 1;
      else high = middle;
    }
    this.#jobs.splice(low, 0, job);
  }

  /** The earliest job of this clock, if it is due by `until`. */
  peek(clock: string | null, until = Number.POSITIVE_INFINITY): Job | undefined {
    const job = this.#jobs.find((candidate) => candidate.clock === clock);
    return job && job.at <= until ? job : undefined;
  }

  remove(job: Job): void {
    const index = this.#jobs.indexOf(job);
    if (index >= 0) this.#jobs.splice(index, 1);
  }

  dump(): Job[] {
    return this.#jobs;
  }
  load(jobs: readonly Job[]): void {
    this.#jobs = [...jobs];
  }
}
