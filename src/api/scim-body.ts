/** A request's body: media type, size, character set, JSON. RFC 7644 sections 3.1 and 3.8. */
import express, { type NextFunction, type Request, type RequestHandler, type Response } from "express";
import { say, SCIM_MEDIA_TYPE, ScimError } from "../scim/index.ts";
import { contextOf } from "./context.ts";

const MEDIA_TYPES = new Set([SCIM_MEDIA_TYPE, "application/json"]);
const CHARSET = /charset\s*=\s*"?([\w.-]+)/i;

/**
 * Reads the body of a write. The bytes stay in `request.body`, because a request that is sent again is recognised
 * by them; `readJson` makes the value.
 * @param bytesMax - BODY_BYTES_MAX, after decompression
 */
export function readBytes(bytesMax: number): RequestHandler {
  const read: RequestHandler = express.raw({ type: () => true, limit: bytesMax });
  return (request: Request, response: Response, next: NextFunction) => {
    checkMediaType(request);
    const done = (error?: unknown): void => {
      next(error === undefined ? undefined : scimErrorOf(error, bytesMax));
    };
    void read(request, response, done);
  };
}

/** @throws {ScimError} 400 invalidSyntax when the bytes are not JSON in UTF-8 */
export function readJson(request: Request, response: Response): unknown {
  const value = parse(bytesOf(request));
  contextOf(response).body = value;
  return value;
}

/** The body as it was sent; empty where there was none. */
export function bytesOf(request: Request): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

function checkMediaType(request: Request): void {
  const header = request.get("content-type");
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

function parse(bytes: Buffer): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new ScimError("invalidSyntax", "body-not-json", say`the request body is not UTF-8`);
  }
  if (text.trim() === "") {
    throw new ScimError("invalidSyntax", "body-not-json", say`the request body is empty; send a JSON object`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const position = error instanceof Error ? /at position (\d+)/.exec(error.message)?.[1] : undefined;
    const detail =
      position === undefined
        ? say`the request body is not valid JSON; it ends too early or is cut`
        : say`the request body is not valid JSON: character ${Number(position)} does not belong there`;
    throw new ScimError("invalidSyntax", "body-not-json", detail);
  }
}

/** body-parser says what went wrong by `type`. */
function scimErrorOf(error: unknown, bytesMax: number): unknown {
  const type = error instanceof Error ? (error as Error & { type?: unknown }).type : undefined;
  if (type === "entity.too.large") {
    const detail = say`the request body is over the limit of ${bytesMax} bytes; send fewer members or operations in one request`;
    return new ScimError(413, "body-too-large", detail);
  }
  if (type === "encoding.unsupported") {
    return new ScimError(
      415,
      "media-type",
      say`the Content-Encoding is not supported; send the body as it is`,
    );
  }
  if (type === "request.size.invalid" || type === "request.aborted") {
    return new ScimError(400, "body-not-json", say`the request body did not arrive whole; send it again`);
  }
  // What is left comes from decompression: the bytes are not what Content-Encoding says.
  return type === undefined && error instanceof Error && "status" in error
    ? new ScimError(400, "body-not-json", say`the request body cannot be decompressed; send it as it is`)
    : error;
}
