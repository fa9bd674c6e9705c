/**
 * Bull Board behind the console's session: to look at, not to act. A job holds the SCIM payload of a person, so
 * only its ids are shown. Its page gets a script and a stylesheet of ours, which name what it leaves nameless.
 */
import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { ExpressAdapter } from "@bull-board/express";
import type { NextFunction, Request, RequestHandler, Response } from "express";
import type { DeliveryJob, DigestJob, WriteCommand } from "../queue/contracts.ts";
import type { DeliveryQueue, WriteQueue } from "../queue/queues.ts";
import type { Asset } from "./assets.ts";
import { BOARD_THEME } from "./board-theme.ts";
import { Html, html } from "./html.ts";
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

export interface BoardAssets {
  readonly boardStylesheet: Asset;
  readonly boardScript: Asset;
}

export function createQueueBoard(queues: readonly BoardQueue[], assets: BoardAssets): RequestHandler {
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
        locale: { lng: words.language },
        theme: BOARD_THEME,
      },
    },
  });
  const board = server.getRouter() as RequestHandler;
  const added = additions(assets);
  return (request: Request, response: Response, next: NextFunction) => {
    const send = response.send.bind(response);
    response.send = (body?: unknown) =>
      send(typeof body === "string" && body.startsWith("<!DOCTYPE") ? ourPage(body, added) : body);
    board(request, response, next);
  };
}

const WEB_FONTS = /<link\b[^>]*\bhref="https?:[^>]*>/g;

/** The board's page links fonts of another host. The policy refuses them; without the link nobody's log is red. */
function ourPage(boardPage: string, added: string): string {
  return boardPage.replaceAll(WEB_FONTS, "").replace("</head>", () => `${added}</head>`);
}

/** Behind the board's own, so that ours count. The words are data, which the policy lets stand in the page. */
function additions({ boardStylesheet, boardScript }: BoardAssets): string {
  const buttons = JSON.stringify(words.buttons).replaceAll("<", "\\u003c");
  return html`<link href="${boardStylesheet.path}" rel="stylesheet" />
    <script id="board-words" type="application/json">
      ${new Html(buttons)}
    </script>
    <script defer src="${boardScript.path}"></script>`.text;
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
