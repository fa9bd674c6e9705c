/** Reads a small JSON document at an address that somebody named: not inside our own network, not forever, not much. */
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { assertPublicLiteral, lookupPublic } from "./public-address.ts";

const TIMEOUT_MS = 5_000;
const BYTES_MAX = 524_288;

/**
 * @param isPrivateAllowed - whether plain HTTP and addresses of our own network are taken
 * @returns the answer with its body; a redirect is not followed
 * @throws {Error} saying what kept it from being read
 */
export async function publicGet(address: string, isPrivateAllowed: boolean): Promise<Response> {
  const url = new URL(address);
  if (!isPrivateAllowed) {
    if (url.protocol !== "https:") throw new Error(`${url.origin} is not an https address`);
    assertPublicLiteral(url);
  }
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  const options = {
    headers: { accept: "application/json" },
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(!isPrivateAllowed && { lookup: lookupPublic }),
  };
  return new Promise((resolve, reject) => {
    const request = send(url, options, (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on("data", (chunk: Buffer) => {
        length += chunk.length;
        if (length <= BYTES_MAX) chunks.push(chunk);
        else request.destroy(new Error(`the answer of ${url.origin} is larger than ${BYTES_MAX} bytes`));
      });
      response.once("error", reject);
      response.once("end", () => {
        const status = response.statusCode ?? 502;
        resolve(new Response(status === 204 || status === 304 ? null : Buffer.concat(chunks), { status }));
      });
    });
    request.once("error", reject).end();
  });
}
