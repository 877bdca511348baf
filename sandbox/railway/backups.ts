/** Backups of volume instances: made, restored and deleted by workflows that are polled. */
import { type Ask, type Field, volumeInstanceFor } from "./access.ts";
import { badInput, notAuthorized, refusal } from "./errors.ts";
import type { BackupRow, BackupScheduleRow, ScheduleKind, VolumeInstanceRow } from "./model.ts";
import type { Store } from "./store.ts";
import type { Due, Work } from "./tables.ts";

const daySeconds = 86_400;
const kinds: Readonly<Record<ScheduleKind, { cron: string; retentionSeconds: number; everyMs: number }>> = {
  DAILY: { cron: "0 0 * * *", retentionSeconds: 6 * daySeconds, everyMs: daySeconds * 1_000 },
  WEEKLY: { cron: "0 0 * * 0", retentionSeconds: 30 * daySeconds, everyMs: 7 * daySeconds * 1_000 },
  MONTHLY: { cron: "0 0 1 * *", retentionSeconds: 90 * daySeconds, everyMs: 30 * daySeconds * 1_000 },
};

interface BackupPlace {
  volumeInstanceId: string;
  volumeInstanceBackupId: string;
}

export const backupQueries = {
  volumeInstanceBackupList({ volumeInstanceId }: { volumeInstanceId: string }, ask: Ask) {
    const row = volumeInstanceFor(ask, volumeInstanceId);
    return backupsOf(ask.store, row.id).map((backup) => ({ ...backup, creatorId: null }));
  },
  volumeInstanceBackupScheduleList({ volumeInstanceId }: { volumeInstanceId: string }, ask: Ask) {
    return schedulesOf(ask.store, volumeInstanceFor(ask, volumeInstanceId).id);
  },
  workflowStatus({ workflowId }: { workflowId: string }, ask: Ask) {
    if (!ask.token) throw notAuthorized();
    const row = ask.store.tables.workflows.get(workflowId);
    return row ? { status: row.status, error: row.error } : { status: "NotFound", error: null };
  },
} satisfies Record<string, Field>;

export const backupMutations = {
  volumeInstanceBackupCreate({ volumeInstanceId, name }: { volumeInstanceId: string; name?: string | null }, ask: Ask) {
    const row = volumeInstanceFor(ask, volumeInstanceId);
    return startWorkflow(
      ask.store,
      row.currentSizeMB > row.sizeMB / 2
        ? { do: "fail", error: "Manual backups are limited to 50% of the volume's size" }
        : { do: "backup", volumeInstanceId, name: name || "Manual" },
    );
  },
  volumeInstanceBackupRestore(args: BackupPlace & { wipeServiceIds?: string[] | null }, ask: Ask) {
    const { store } = ask;
    const target = volumeInstanceFor(ask, args.volumeInstanceId);
    const backup = store.tables.backups.get(args.volumeInstanceBackupId);
    const origin = backup && store.tables.volumeInstances.get(backup.volumeInstanceId);
    // Only within the same project and environment.
    if (!backup || !origin || origin.environmentId !== target.environmentId) throw notAuthorized();
    const wiped = [...store.tables.volumeInstances.values()].filter(
      (row) =>
        row.environmentId === target.environmentId && row.serviceId !== null && args.wipeServiceIds?.includes(row.serviceId),
    );
    target.state = "RESTORING";
    return startWorkflow(store, {
      do: "restore",
      volumeInstanceId: target.id,
      backupId: backup.id,
      wipeVolumeInstanceIds: wiped.map((row) => row.id),
    });
  },
  volumeInstanceBackupDelete(args: BackupPlace, ask: Ask) {
    return startWorkflow(ask.store, { do: "deleteBackup", backupId: backupFor(ask, args).id });
  },
  volumeInstanceBackupLock(args: BackupPlace, ask: Ask) {
    backupFor(ask, args).expiresAt = null;
    return true;
  },
  volumeInstanceBackupScheduleUpdate(args: { volumeInstanceId: string; kinds: ScheduleKind[] }, ask: Ask) {
    setSchedules(ask.store, volumeInstanceFor(ask, args.volumeInstanceId), args.kinds);
    return true;
  },
} satisfies Record<string, Field>;

/** Exactly these kinds from now on. */
export function setSchedules(store: Store, volumeInstance: VolumeInstanceRow, wanted: readonly ScheduleKind[]): void {
  for (const row of schedulesOf(store, volumeInstance.id)) {
    if (wanted.includes(row.kind)) continue;
    store.tables.backupSchedules.delete(row.id);
    store.unplan((due) => due.kind === "scheduledBackup" && due.scheduleId === row.id);
  }
  for (const kind of new Set(wanted)) {
    if (schedulesOf(store, volumeInstance.id).some((row) => row.kind === kind)) continue;
    const facts = kinds[kind];
    if (!facts) throw badInput(`Unknown backup schedule ${String(kind)}`);
    const { everyMs, cron, retentionSeconds } = facts;
    const row: BackupScheduleRow = {
      id: store.uuid(),
      volumeInstanceId: volumeInstance.id,
      kind,
      name: kind.toLowerCase(),
      cron,
      retentionSeconds,
      createdAt: store.iso(),
    };
    store.tables.backupSchedules.set(row.id, row);
    store.plan(everyMs - (store.now() % everyMs), { kind: "scheduledBackup", scheduleId: row.id });
  }
}

export function schedulesOf(store: Store, volumeInstanceId: string): BackupScheduleRow[] {
  return [...store.tables.backupSchedules.values()].filter((row) => row.volumeInstanceId === volumeInstanceId);
}

export function scheduledBackup(store: Store, scheduleId: string): void {
  const schedule = store.tables.backupSchedules.get(scheduleId);
  const volume = schedule && store.tables.volumeInstances.get(schedule.volumeInstanceId);
  if (!schedule || !volume || volume.state === "DELETED") return;
  backUp(store, volume, schedule.name, schedule);
  store.plan(kinds[schedule.kind].everyMs, { kind: "scheduledBackup", scheduleId });
}

export function workflowDone(store: Store, { workflowId, work }: Extract<Due, { kind: "workflowDone" }>): void {
  const row = store.tables.workflows.get(workflowId);
  if (!row) return;
  const error = perform(store, work);
  row.status = error === undefined ? "Complete" : "Error";
  row.error = error ?? null;
}

function perform(store: Store, work: Work): string | undefined {
  const { volumeInstances, backups } = store.tables;
  switch (work.do) {
    case "fail":
      return work.error;
    case "deleteBackup":
      backups.delete(work.backupId);
      return undefined;
    case "backup": {
      const volume = volumeInstances.get(work.volumeInstanceId);
      if (!volume || volume.state === "DELETED") return "Volume instance not found";
      backUp(store, volume, work.name, undefined);
      return undefined;
    }
    case "restore": {
      const volume = volumeInstances.get(work.volumeInstanceId);
      const backup = backups.get(work.backupId);
      if (volume) volume.state = "READY";
      if (!volume || !backup) return "Backup not found";
      volume.currentSizeMB = backup.usedMB;
      volume.files = { ...backup.files };
      for (const wipedId of work.wipeVolumeInstanceIds) {
        const wiped = volumeInstances.get(wipedId);
        if (wiped) Object.assign(wiped, { currentSizeMB: wiped.sizeMB * 0.025, files: {} });
        for (const row of backups.values()) if (row.volumeInstanceId === wipedId && row.id !== backup.id) backups.delete(row.id);
      }
      return undefined;
    }
    default:
      return work satisfies never;
  }
}

function backUp(store: Store, volume: VolumeInstanceRow, name: string, schedule: BackupScheduleRow | undefined): void {
  const row: BackupRow = {
    id: store.uuid(),
    volumeInstanceId: volume.id,
    name,
    externalId: `bak_${store.uuid().slice(0, 8)}`,
    scheduleId: schedule?.id ?? null,
    usedMB: Math.round(volume.currentSizeMB),
    referencedMB: Math.round(volume.currentSizeMB),
    volumeInstanceSizeMB: volume.sizeMB,
    expiresAt: schedule ? store.iso(store.now() + schedule.retentionSeconds * 1_000) : null,
    createdAt: store.iso(),
    ...(volume.files && { files: { ...volume.files } }),
  };
  for (const old of store.tables.backups.values()) if (expired(store, old)) store.tables.backups.delete(old.id);
  store.tables.backups.set(row.id, row);
}

function backupsOf(store: Store, volumeInstanceId: string): BackupRow[] {
  return [...store.tables.backups.values()].filter((row) => row.volumeInstanceId === volumeInstanceId && !expired(store, row));
}

function expired(store: Store, row: BackupRow): boolean {
  return row.expiresAt !== null && Date.parse(row.expiresAt) <= store.now();
}

function backupFor(ask: Ask, args: BackupPlace): BackupRow {
  const volume = volumeInstanceFor(ask, args.volumeInstanceId);
  const row = backupsOf(ask.store, volume.id).find((found) => found.id === args.volumeInstanceBackupId);
  if (!row) throw refusal("Backup not found");
  return row;
}

function startWorkflow(store: Store, work: Work): { workflowId: string } {
  const id = store.uuid();
  store.tables.workflows.set(id, { id, status: "Running", error: null });
  store.plan(store.between(store.settings.workflowMs), { kind: "workflowDone", workflowId: id, work });
  return { workflowId: id };
}
