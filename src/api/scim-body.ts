/** A request's body: media type, size, character set, JSON. RFC 7644 sections 3.1 and 3.8. */
import { isUtf8 } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import express from "express";
import { say, SCIM_MEDIA_TYPE, ScimError } from "../scim/index.ts";
import { contextOf, type Exchange } from "./context.ts";

const MEDIA_TYPES = new Set([SCIM_MEDIA_TYPE, "application/json"]);
// What is a little too large is read to its end nevertheless: a client that still sends may not see the answer.
const READ_BEYOND_BYTES = 16_777_216;
const NO_BYTES = Buffer.alloc(0);
const CHARSET = /charset\s*=\s*"?([\w.-]+)/i;

/**
 * Reads the body of a write. The bytes stay in the context, because a request that is sent again is recognised by
 * them; `readJson` makes the value.
 * @param bytesMax - BODY_BYTES_MAX, after decompression
 * @throws {ScimError} 415 for what is not JSON by its headers, 413 for what is too large
 */
export async function readBytes({ request, response }: Exchange, bytesMax: number): Promise<void> {
  checkMediaType(request);
  const encoding = request.headers["content-encoding"] ?? "identity";
  contextOf(response).bytes =
    encoding.toLowerCase() === "identity"
      ? await receive(request, bytesMax)
      : await decompress({ request, response }, bytesMax);
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

function receive(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const readMax = bytesMax + READ_BEYOND_BYTES;
    if (Number(request.headers["content-length"] ?? 0) > readMax) reject(bodyTooLarge(bytesMax));
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= bytesMax) chunks.push(chunk);
      else chunks.length = 0;
      if (length > readMax) reject(bodyTooLarge(bytesMax));
    });
    request.once("end", () => {
      if (length > bytesMax) reject(bodyTooLarge(bytesMax));
      else resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
    });
    const cut = (): void => {
      if (!request.readableEnded) reject(bodyCut());
    };
    request.once("error", cut).once("close", cut);
    if (request.closed) cut();
  });
}

type ReadBody = (
  request: IncomingMessage,
  response: ServerResponse,
  done: (error?: unknown) => void,
) => unknown;

/** What is compressed is left to Express's parser, which knows how. */
function decompress({ request, response }: Exchange, bytesMax: number): Promise<Buffer> {
  const read: ReadBody = express.raw({ type: () => true, limit: bytesMax });
  return new Promise((resolve, reject) => {
    read(request, response, (error?: unknown) => {
      const body = "body" in request ? request.body : undefined;
      if (error !== undefined) reject(scimErrorOf(error, bytesMax));
      else resolve(Buffer.isBuffer(body) ? body : NO_BYTES);
    });
  });
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

/** body-parser says what went wrong by `type`. */
function scimErrorOf(error: unknown, bytesMax: number): Error {
  if (!(error instanceof Error)) return new Error("the request body cannot be read", { cause: error });
  const { type } = error as Error & { readonly type?: unknown };
  if (type === "entity.too.large") return bodyTooLarge(bytesMax);
  if (type === "encoding.unsupported") {
    return new ScimError(
      415,
      "media-type",
      say`the Content-Encoding is not supported; send the body as it is`,
    );
  }
  if (type === "request.size.invalid" || type === "request.aborted") return bodyCut();
  // What is left comes from decompression: the bytes are not what Content-Encoding says.
  return type === undefined && "status" in error
    ? new ScimError(400, "body-not-json", say`the request body cannot be decompressed; send it as it is`)
    : error;
}

function bodyTooLarge(bytesMax: number): ScimError {
  const detail = say`the request body is over the limit of ${bytesMax} bytes; send fewer members or operations in one request`;
  return new ScimError(413, "body-too-large", detail);
}

function bodyCut(): ScimError {
  return new ScimError(400, "body-not-json", say`the request body did not arrive whole; send it again`);
}
