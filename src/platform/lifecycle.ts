/** Starts parts in order and stops them in reverse, so that a process can always be drained. */

export interface Part {
  readonly name: string;
  /** Resolves once the part accepts work. */
  start(): Promise<void>;
  /** Resolves once no work is in flight. Safe before `start`, and safe twice. */
  stop(): Promise<void>;
}

/** @returns one part made of several; a part that fails to start stops those before it */
export function createLifecycle(parts: readonly Part[]): Part {
  const started: Part[] = [];

  async function stop(): Promise<void> {
    for (let part = started.pop(); part !== undefined; part = started.pop()) await part.stop();
  }

  async function start(): Promise<void> {
    for (const part of parts) {
      started.push(part);
      await part.start().catch(async (error: unknown) => {
        await stop();
        throw new Error(`${part.name} did not start`, { cause: error });
      });
    }
  }

  return { name: "process", start, stop };
}
