/**
 * Bull Board behind the console's session: to look at, not to act. A job holds the SCIM payload of a person, so
 * only its ids are shown.
 */
import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { ExpressAdapter } from "@bull-board/express";
import type { NextFunction, Request, RequestHandler, Response } from "express";
import type { DeliveryJob, DigestJob, WriteCommand } from "../queue/contracts.ts";
import type { DeliveryQueue, WriteQueue } from "../queue/queues.ts";
import { texts } from "./texts/texts.ts";

const words = texts.frame.board;

export const BOARD_PATH = "/queues";

export type BoardQueue = WriteQueue | DeliveryQueue;

// Whatever is not named here stays hidden, also what a later version adds to the contract.
const SHOWN: readonly (keyof WriteCommand | keyof DeliveryJob | keyof DigestJob)[] = [
  "version",
  "writeId",
  "tenantId",
  "tenantSlug",
  "connectionId",
  "cycleId",
  "correlationId",
  "operation",
  "resourceType",
  "resourceId",
  "requestedAt",
  "endpointId",
  "id",
  "position",
  "attempt",
  "channel",
];

const FONTS = {
  "font-sans": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
  "font-mono": "ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, monospace",
};

export function createQueueBoard(queues: readonly BoardQueue[]): RequestHandler {
  const server = new ExpressAdapter();
  server.setBasePath(BOARD_PATH);
  createBullBoard({
    queues: queues.map(adapterOf),
    // The adapter's package brings board types of its own, a patch release apart from ours.
    serverAdapter: server as unknown as Parameters<typeof createBullBoard>[0]["serverAdapter"],
    options: {
      uiConfig: {
        boardTitle: words.title,
        boardLogo: { path: "/assets/icon.svg", width: 24, height: 24 },
        favIcon: { default: "/assets/icon.svg", alternative: "/assets/icon.svg" },
        miscLinks: [{ text: words.back, url: "/" }],
        hideDocsLink: true,
        theme: { light: FONTS, dark: FONTS },
      },
    },
  });
  const board = server.getRouter() as RequestHandler;
  return (request, response, next) => {
    withoutWebFonts(request, response, () => board(request, response, next));
  };
}

const WEB_FONTS = /<link\b[^>]*\bhref="https?:[^>]*>/g;

/** The board's page links fonts of another host. The policy refuses them; without the link nobody's log is red. */
function withoutWebFonts(_request: Request, response: Response, next: NextFunction): void {
  const send = response.send.bind(response);
  response.send = (body?: unknown) =>
    send(typeof body === "string" && body.startsWith("<!DOCTYPE") ? body.replaceAll(WEB_FONTS, "") : body);
  next();
}

function adapterOf(queue: BoardQueue): BullMQAdapter {
  const adapter = new BullMQAdapter(queue, { readOnlyMode: true });
  adapter.setFormatter("data", maskJob);
  adapter.setFormatter("returnValue", () => null);
  return adapter;
}

/** @returns the ids of a job's data, of each write that it carries; payloads are replaced by a word that says so */
export function maskJob(data: unknown): Record<string, unknown> {
  if (typeof data !== "object" || data === null) return {};
  if ("writes" in data && Array.isArray(data.writes)) {
    return { ...shownOf(data), writes: data.writes.map(maskJob) };
  }
  return { ...shownOf(data), payload: "hidden" };
}

function shownOf(data: object): Record<string, unknown> {
  const shown = Object.entries(data).filter(([key]) => (SHOWN as readonly string[]).includes(key));
  return Object.fromEntries(shown);
}
