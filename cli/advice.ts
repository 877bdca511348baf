/** Which page of docs/runbooks helps with what the engine and the providers said. Providers know nothing of this project, so their words are recognized here. */

const pages: readonly { readonly said: RegExp; readonly runbook: string }[] = [
  { said: /Railway projects? .*carry the marker|volumes of Railway project .* have the mount path/, runbook: "two-of-a-kind" },
  { said: /is configured but not up/, runbook: "deployment-failed" },
  { said: /refused by a guard:|refused by the rules of policies\//, runbook: "refused-by-a-guard" },
];

/** A line for each page, where the remedy takes more than a line. */
export function runbooksFor(said: string): readonly string[] {
  return pages
    .filter((page) => page.said.test(said))
    .map(({ runbook }) => `what to do, step by step: docs/runbooks/${runbook}.md`);
}
