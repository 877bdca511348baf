/** All root fields, noun by noun. */
import type { Field } from "./access.ts";
import { backupMutations, backupQueries } from "./backups.ts";
import { deploymentMutations, deploymentQueries } from "./deployments.ts";
import { domainMutations, domainQueries } from "./domains.ts";
import { environmentMutations, environmentQueries } from "./environments.ts";
import { eventQueries } from "./events.ts";
import { instanceMutations, instanceQueries } from "./instances.ts";
import { metricQueries } from "./metrics.ts";
import { patchMutations, patchQueries } from "./patches.ts";
import { projectMutations, projectQueries } from "./projects.ts";
import { regionQueries } from "./regions.ts";
import { serviceMutations, serviceQueries } from "./services.ts";
import { usageQueries } from "./usage.ts";
import { variableMutations, variableQueries } from "./variables.ts";
import { volumeMutations, volumeQueries } from "./volumes.ts";
import { workspaceMutations, workspaceQueries } from "./workspaces.ts";

export const queryFields: Readonly<Record<string, Field>> = {
  ...workspaceQueries,
  ...projectQueries,
  ...environmentQueries,
  ...serviceQueries,
  ...instanceQueries,
  ...volumeQueries,
  ...backupQueries,
  ...variableQueries,
  ...patchQueries,
  ...domainQueries,
  ...deploymentQueries,
  ...eventQueries,
  ...metricQueries,
  ...usageQueries,
  ...regionQueries,
};

export const mutationFields: Readonly<Record<string, Field>> = {
  ...workspaceMutations,
  ...projectMutations,
  ...environmentMutations,
  ...serviceMutations,
  ...instanceMutations,
  ...volumeMutations,
  ...backupMutations,
  ...variableMutations,
  ...patchMutations,
  ...domainMutations,
  ...deploymentMutations,
};
