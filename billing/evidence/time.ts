const form = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?Z$/;

/** Reads `2026-11-23T18:04:00Z` or with up to three digits of fraction, as epoch milliseconds. Undefined for every other form
 *  (an offset, no seconds, a fourth digit, lower case) and for times that no calendar has (30 February, 24:00:00, a 60th second). */
export function parseTime(text: string): number | undefined {
  if (!form.test(text)) return undefined;
  const at = Date.parse(text);
  // The platform rolls 30 February and 24:00:00 over instead of refusing them: what comes back must be what was written.
  return Number.isNaN(at) || new Date(at).toISOString().slice(0, 19) !== text.slice(0, 19) ? undefined : at;
}
