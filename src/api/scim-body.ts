/** A request's body: media type, size, character set, JSON. RFC 7644 sections 3.1 and 3.8. */
import { isUtf8 } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { SubmitOverloadError } from "../queue/lines.ts";
import { say, SCIM_MEDIA_TYPE, ScimError } from "../scim/index.ts";
import type { BodyHold, BodyReading } from "./body-room.ts";
import { contextOf, type Exchange, principalOf } from "./context.ts";

const MEDIA_TYPES = new Set([SCIM_MEDIA_TYPE, "application/json"]);
// What is a little too large is read to its end nevertheless: a client that still sends may not see the answer.
const READ_BEYOND_BYTES = 16_777_216;
// Nobody knows when who sends slowly will have ended; soon enough to be there when it has.
const ROOM_AFTER_SECONDS = 5;
const NO_BYTES = Buffer.alloc(0);
const CHARSET = /charset\s*=\s*"?([\w.-]+)/i;

/**
 * Reads the body of a write. The bytes stay in the context, because a request that is sent again is recognised by
 * them; `readJson` makes the value.
 * @throws {ScimError} 415 for what is not JSON by its headers, 413 for what is too large
 * @throws {SubmitOverloadError} when the bodies of the tenant that are being read leave no room for this one
 */
export async function readBytes({ request, response }: Exchange, reading: BodyReading): Promise<void> {
  checkMediaType(request);
  const encoding = request.headers["content-encoding"]?.toLowerCase() ?? "identity";
  const inflater = encoding === "identity" ? undefined : inflaterFor(encoding);
  const { tenantId, tenantSlug } = principalOf(response);
  const hold = reading.room.open(tenantId);
  const bounds = { hold, bytesMax: reading.bytesMax };
  try {
    contextOf(response).bytes = inflater
      ? await inflate(request, inflater, bounds)
      : await receive(request, request, bounds);
  } catch (error) {
    if (error instanceof SubmitOverloadError) reading.onNoRoom(tenantSlug);
    throw error;
  } finally {
    hold.close();
  }
}

/** @throws {ScimError} 400 invalidSyntax when the bytes are not JSON in UTF-8 */
export function readJson(response: ServerResponse): unknown {
  const value = parse(bytesOf(response));
  contextOf(response).body = value;
  return value;
}

/** The body as it was sent; empty where there was none. */
export function bytesOf(response: ServerResponse): Buffer {
  return contextOf(response).bytes ?? NO_BYTES;
}

interface Bounds {
  readonly hold: BodyHold;
  readonly bytesMax: number;
}

/** @param source - the request, or what decompresses it */
function receive(source: Readable, request: IncomingMessage, { hold, bytesMax }: Bounds): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let [length, isOver] = [0, false];
    const refuse = (error: Error): void => {
      isOver = true;
      chunks.length = 0;
      hold.close();
      reject(error);
    };
    const readMax = bytesMax + READ_BEYOND_BYTES;
    if (Number(request.headers["content-length"] ?? 0) > readMax) refuse(bodyTooLarge(bytesMax));
    source.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (isOver) return;
      if (length > readMax) refuse(bodyTooLarge(bytesMax));
      else if (length > bytesMax) chunks.length = 0;
      else if (hold.grow(chunk.length)) chunks.push(chunk);
      else refuse(new SubmitOverloadError(ROOM_AFTER_SECONDS));
    });
    source.once("end", () => {
      if (length > bytesMax) refuse(bodyTooLarge(bytesMax));
      else resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
    });
    const cut = (): void => {
      if (!request.readableEnded) refuse(bodyCut());
    };
    request.once("error", cut).once("close", cut);
    if (request.closed) cut();
  });
}

type Inflater = Readable & NodeJS.WritableStream;

/** @throws {ScimError} 415 */
function inflaterFor(encoding: string): Inflater {
  if (encoding === "gzip") return createGunzip();
  if (encoding === "deflate") return createInflate();
  if (encoding === "br") return createBrotliDecompress();
  throw new ScimError(415, "media-type", say`the Content-Encoding is not supported; send the body as it is`);
}

/** Whatever comes of it, the request is read on without it, for the answer to reach a client that still sends. */
async function inflate(request: IncomingMessage, inflater: Inflater, bounds: Bounds): Promise<Buffer> {
  const broken = new Promise<never>((_resolve, reject) => {
    inflater.once("error", () => {
      reject(
        new ScimError(400, "body-not-json", say`the request body cannot be decompressed; send it as it is`),
      );
    });
  });
  const received = receive(inflater, request, bounds);
  request.pipe(inflater);
  try {
    return await Promise.race([received, broken]);
  } finally {
    // The other of the two may still fail, and nobody waits for it any more.
    received.catch(() => undefined);
    broken.catch(() => undefined);
    request.unpipe(inflater).resume();
    inflater.destroy();
  }
}

function checkMediaType(request: IncomingMessage): void {
  const header = request.headers["content-type"];
  if (header === undefined || header === "") {
    throw new ScimError(415, "media-type", say`the request has no Content-Type; send application/scim+json`);
  }
  const mediaType = header.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (!MEDIA_TYPES.has(mediaType)) {
    throw new ScimError(
      415,
      "media-type",
      say`Content-Type ${mediaType} is not supported; send application/scim+json or application/json`,
    );
  }
  const charset = CHARSET.exec(header)?.[1]?.toLowerCase() ?? "utf-8";
  if (charset === "utf-8" || charset === "utf8" || charset === "us-ascii") return;
  throw new ScimError(415, "media-type", say`the character set ${charset} is not supported; send UTF-8`);
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

function parse(bytes: Buffer): unknown {
  if (!isUtf8(bytes))
    throw new ScimError("invalidSyntax", "body-not-json", say`the request body is not UTF-8`);
  const start = bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
    ? BYTE_ORDER_MARK.length
    : 0;
  const text = bytes.toString("utf8", start);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (text.trim() === "") {
      throw new ScimError(
        "invalidSyntax",
        "body-not-json",
        say`the request body is empty; send a JSON object`,
      );
    }
    const position = error instanceof Error ? /at position (\d+)/.exec(error.message)?.[1] : undefined;
    const detail =
      position === undefined
        ? say`the request body is not valid JSON; it ends too early or is cut`
        : say`the request body is not valid JSON: character ${Number(position)} does not belong there`;
    throw new ScimError("invalidSyntax", "body-not-json", detail);
  }
}

function bodyTooLarge(bytesMax: number): ScimError {
  const detail = say`the request body is over the limit of ${bytesMax} bytes; send fewer members or operations in one request`;
  return new ScimError(413, "body-too-large", detail);
}

function bodyCut(): ScimError {
  return new ScimError(400, "body-not-json", say`the request body did not arrive whole; send it again`);
}
