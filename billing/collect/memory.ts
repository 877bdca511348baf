/** Railway's memory series of the app and the tunnel service. The tunnel's prove that measuring worked while the app slept. */
import { minuteMs } from "../../domain/hour.ts";
import type { LedgerLine } from "../ledger/pack.ts";
import type { Sample } from "../rules/evidence.ts";
import type { Interval } from "../rules/interval.ts";
import type { MemorySeries, RailwayPort, ServicePlace } from "./ports.ts";

/** Samples are complete so long after their time. */
export const settleMs = 10 * minuteMs;
/** Railway keeps 30 days; a bit less, so that no answer is cut at its start. */
export const retentionMs = 29.5 * 24 * 60 * minuteMs;
const sampleRateSeconds = 60;
/** Coarser series are averages over many minutes: they blur into the next hour and say nothing of a single minute. */
const widestSpacingSeconds = 90;

export interface MemoryPlace {
  readonly projectId: string;
  readonly environmentId: string;
  readonly appServiceId: string;
  /** Null before there is a tunnel: then only the app's own samples prove that measuring worked. */
  readonly tunnelServiceId: string | null;
}

/** One line for the span; undefined where Railway only had averages, which leaves the span unknown.
 *  Samples newer than `settledTo` are facts, but the record ends there. */
export async function collectMemory(
  railway: RailwayPort,
  place: MemoryPlace,
  span: Interval,
  settledTo: number,
): Promise<LedgerLine | undefined> {
  const app = await read(railway, place, place.appServiceId, span);
  const tunnel = place.tunnelServiceId === null ? [] : await read(railway, place, place.tunnelServiceId, span);
  const series = [...app, ...tunnel];
  // Two samples may be the end of one wake and the start of another: then what else was asked with them tells the resolution.
  const seen = series.some(isFine) ? series.filter(({ samples }) => samples.length > 2) : series;
  if (seen.some(isCoarse)) return undefined;
  const to = Math.max(span.from, Math.min(span.to, settledTo));
  return { source: "railway", from: span.from, to, appSamples: flat(app, span), tunnelSamples: flat(tunnel, span) };
}

function read(railway: RailwayPort, place: MemoryPlace, serviceId: string, span: Interval): Promise<readonly MemorySeries[]> {
  const where: ServicePlace = { projectId: place.projectId, environmentId: place.environmentId, serviceId };
  return railway.metrics({ ...where, fromMs: span.from, toMs: span.to, sampleRateSeconds });
}

/** Gaps are sleep; but no two samples that are ever close together means another resolution. */
function isCoarse(series: MemorySeries): boolean {
  return series.samples.length > 1 && !isFine(series);
}

function isFine({ samples }: MemorySeries): boolean {
  return samples.some(
    ([seconds], index) => seconds - (samples[index - 1]?.[0] ?? Number.NEGATIVE_INFINITY) <= widestSpacingSeconds,
  );
}

function flat(series: readonly MemorySeries[], span: Interval): Sample[] {
  return series.flatMap(({ samples }) => samples.filter(([seconds]) => seconds * 1000 >= span.from && seconds * 1000 < span.to));
}
