/**
 * Loaded into a process that is measured, before its own program: tells its memory on a Unix socket, before or after a
 * collection. `node --expose-gc --import tsx --import ./bench/lib/memory-probe.ts …`, `MEMORY_PROBE=<path>`.
 */
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

export interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

const path = process.env["MEMORY_PROBE"];
const collect = (globalThis as { gc?: () => void }).gc;

if (path !== undefined)
  createServer((request, response) => {
    void (async () => {
      // What the first leaves to finalizers, the second takes.
      for (let time = 0; request.url === "/collected" && time < 2; time += 1) {
        collect?.();
        await sleep(50);
      }
      const { rss, heapUsed, external } = process.memoryUsage();
      response.setHeader("Connection", "close").end(JSON.stringify({ rss, heapUsed, external }));
    })();
  })
    .listen(path)
    .unref();
