/**
 * Forms that bring a file (multipart/form-data, RFC 7578). They are read only for who is signed in and may, so that
 * nobody else can make the console keep megabytes; the form's token is then checked as any other's.
 */
import { isUtf8 } from "node:buffer";
import type { NextFunction, Request, RequestHandler, Response } from "express";
import type { Role } from "../store/accounts.ts";
import type { Door } from "./door.ts";
import { mayActAs } from "./page.ts";

const BYTES_MAX = 16_777_216;

/** Reads the form into `request.body`: its fields as text, and its files as text in UTF-8. */
export function receiveUpload(door: Door, needs: Role): RequestHandler {
  return async (request: Request, response: Response, next: NextFunction) => {
    const type = request.get("content-type") ?? "";
    const { session } = await door.identify(request, response);
    if (type.startsWith("multipart/form-data") && session && mayActAs(session.role, needs))
      request.body = readForm(await bytesOf(request), type);
    next();
  };
}

async function bytesOf(request: Request): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > BYTES_MAX) throw unreadable(413, "the file is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** @throws {Error} with the status 400 for what is no such form */
function readForm(bytes: Buffer, type: string): Readonly<Record<string, string>> {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(type) ?? [];
  const parts = partsOf(bytes, Buffer.from(`\r\n--${quoted ?? plain ?? ""}`));
  const fields = parts.flatMap((part) => {
    const body = part.indexOf("\r\n\r\n");
    const name = /\bname="([^"]*)"/i.exec(part.toString("utf8", 0, body))?.[1];
    return body === -1 || name === undefined ? [] : [[name, textOf(part.subarray(body + 4))] as const];
  });
  return Object.fromEntries(fields);
}

/** What stands between the delimiters; the last of them ends in two hyphens. */
function partsOf(form: Buffer, delimiter: Buffer): readonly Buffer[] {
  // The first delimiter stands at the very beginning, without the line's end before it.
  const bytes = Buffer.concat([Buffer.from("\r\n"), form]);
  const parts: Buffer[] = [];
  for (let at = bytes.indexOf(delimiter); at !== -1;) {
    const start = at + delimiter.length;
    if (bytes.toString("latin1", start, start + 2) === "--") return parts;
    at = bytes.indexOf(delimiter, start);
    if (at !== -1) parts.push(bytes.subarray(start, at));
  }
  throw unreadable(400, "the form is not whole");
}

/** What is not UTF-8 is refused: a name with a wrong letter would match nobody. */
function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw unreadable(400, "the file is not UTF-8");
  return bytes.toString("utf8");
}

function unreadable(status: 400 | 413, what: string): Error {
  return Object.assign(new Error(what), { status });
}
