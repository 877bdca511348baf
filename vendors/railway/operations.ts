/** Every operation that this client may send, for those who judge the documents themselves. A test finds one that is missing here. */
import * as backupSchedules from "./backup-schedules.ts";
import * as deployment from "./deployment.ts";
import * as domains from "./domains.ts";
import type { Operation } from "./graphql.ts";
import * as instance from "./instance.ts";
import * as manualBackups from "./manual-backups.ts";
import * as metrics from "./metrics.ts";
import * as patch from "./patch.ts";
import * as project from "./project.ts";
import * as service from "./service.ts";
import * as variables from "./variables.ts";
import * as volume from "./volume.ts";

/** What is sent, without the shape of its answer. */
export type Document = Pick<Operation<unknown>, "name" | "document">;

const modules: readonly Readonly<Record<string, unknown>>[] = [
  backupSchedules,
  deployment,
  domains,
  instance,
  manualBackups,
  metrics,
  patch,
  project,
  service,
  variables,
  volume,
];

/** Sorted by name. */
export const operations: readonly Document[] = modules
  .flatMap((module) => Object.values(module))
  .filter(isDocument)
  .sort((a, b) => (a.name < b.name ? -1 : 1));

/** Whether an exported value is an operation. */
export function isDocument(value: unknown): value is Document {
  if (typeof value !== "object" || value === null || !("document" in value) || !("name" in value)) return false;
  return typeof value.document === "string" && typeof value.name === "string";
}
