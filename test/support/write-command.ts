/** A write as the api hands it over, for tests of what carries it. */
import { v7 as uuidv7 } from "uuid";
import type { WriteCommand } from "../../src/queue/contracts.ts";

export function writeCommand(given: Partial<WriteCommand> = {}): WriteCommand {
  return {
    version: 1,
    writeId: uuidv7(),
    tenantId: uuidv7(),
    tenantSlug: "contoso",
    connectionId: uuidv7(),
    cycleId: null,
    apiId: uuidv7(),
    requestKey: uuidv7(),
    correlationId: "correlation-of-the-write",
    operation: "create",
    resourceType: "User",
    resourceId: uuidv7(),
    payload: {},
    ifMatch: null,
    requestedAt: Date.now(),
    ...given,
  };
}
