/**
 * Writes that were accepted before they were applied (RFC 9967). Before a worker applies any write, it applies what
 * was accepted earlier for the same resource, wherever the jobs of that may be: so a resource sees its accepted
 * writes in the order of acceptance, and every write that came after a 202 sees what that promised. The jobs, when
 * they come, find that their writes have ended.
 */
import { WriteCommand } from "../queue/contracts.ts";
import type { WriteQueue } from "../queue/queues.ts";
import { jobOf } from "../queue/write-jobs.ts";
import { findOlderAccepted, listLateAccepted } from "../store/accepted-writes.ts";
import type { Database } from "../store/database.ts";
import type { PendingWrite } from "./group-commit.ts";

/** What must be applied before these writes, in its order; it may be among them. */
export async function findEarlier(
  db: Database,
  writes: readonly PendingWrite[],
): Promise<readonly PendingWrite[]> {
  const older = await findOlderAccepted(
    db,
    writes.map(({ command }) => command),
  );
  return older.map((command) => ({ command: WriteCommand.parse(command), attempt: 1 }));
}

// Later than a healthy queue takes.
const LATE_SECONDS = 5;
// What is still there has a job that failed, or none.
const STUCK_SECONDS = 60;
const PUT_BACK_PER_TENANT_MAX = 128;

/**
 * Puts accepted writes that have not ended on the queue again: it may have lost them, or there was no room for them.
 * Jobs that are there stay as they are.
 */
export async function putBackAccepted(
  db: Database,
  queue: Pick<WriteQueue, "addBulk" | "getJob">,
): Promise<void> {
  const late = await listLateAccepted(db, { seconds: LATE_SECONDS, perTenantMax: PUT_BACK_PER_TENANT_MAX });
  if (late.length === 0) return;
  const commands = late.map(({ command }) => WriteCommand.parse(command));
  for (const [index, { writeId }] of commands.entries()) {
    if ((late[index]?.ageSeconds ?? 0) < STUCK_SECONDS) continue;
    // A job that failed because the stores were away too long would keep its id from the next one.
    const job = await queue.getJob(writeId);
    if (job && (await job.isFailed())) await job.remove();
  }
  await queue.addBulk(commands.map((command) => jobOf([command])));
}
