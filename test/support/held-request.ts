/** A request whose body is still to come: the server has it in hand for as long as a test likes. */
import { request } from "node:http";

export interface HeldRequest {
  /** Sends the body. @returns the status of the answer */
  finish(): Promise<number>;
}

/** Resolves when the server has said that it takes the request up. */
export function holdRequest(url: string, token: string, body: object): Promise<HeldRequest> {
  const headers = {
    Authorization: `Bearer ${token}`,
    "Content-Type": "application/scim+json",
    Expect: "100-continue",
  };
  const held = request(url, { method: "POST", headers });
  const answered: ReturnType<HeldRequest["finish"]> = new Promise((resolve, reject) => {
    held.once("response", (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    held.once("error", reject);
  });
  return new Promise((resolve, reject) => {
    held.once("continue", () =>
      resolve({
        finish() {
          held.end(JSON.stringify(body));
          return answered;
        },
      }),
    );
    answered.then((status) => reject(new Error(`answered ${status} before its body`)), reject);
    held.flushHeaders();
  });
}
