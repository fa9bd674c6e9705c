/** A real OpenID provider on loopback, with people of the test's, and a browser's way through its pages. */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import Provider from "oidc-provider";

export interface TestProvider {
  readonly issuer: string;
  /** Roles of each person, by subject; changed as the test likes. */
  readonly people: Map<string, readonly string[]>;
  /** Makes the provider know the console, once that has an address. */
  register(redirectUri: string): void;
  stop(): Promise<void>;
}

export const CLIENT_ID = "rollcall";
export const CLIENT_SECRET = "a client secret that only tests use";

export async function startOidcProvider(): Promise<TestProvider> {
  let handler: RequestListener = (_request, response) => response.writeHead(503).end();
  const server = createServer((request, response) => handler(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const people = new Map<string, readonly string[]>();
  return {
    issuer,
    people,
    register(redirectUri) {
      const provider = new Provider(issuer, {
        clients: [{ client_id: CLIENT_ID, client_secret: CLIENT_SECRET, redirect_uris: [redirectUri] }],
        claims: { openid: ["sub"], profile: ["preferred_username", "roles"] },
        cookies: { keys: ["a key that only tests use"] },
        findAccount: (_context, accountId) => ({
          accountId,
          claims: () => ({
            sub: accountId,
            preferred_username: `${accountId}@Contoso.com`,
            roles: people.get(accountId) ?? [],
          }),
        }),
      });
      const answer = provider.callback();
      handler = (request, response) => void answer(request, response);
    },
    stop: () => stop(server),
  };
}

function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

/**
 * Goes through the provider's pages as a person would: signs in as `subject` and consents.
 * @param location - where the console sent the browser
 * @returns where the provider sends it back to
 */
export async function passProvider(location: string, subject: string): Promise<string> {
  const cookies = new Map<string, string>();
  const go = async (url: string, body?: URLSearchParams): Promise<Response> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const method = body === undefined ? "GET" : "POST";
    const response = await fetch(url, {
      method,
      body: body ?? null,
      redirect: "manual",
      headers: { cookie },
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    return response;
  };
  const { origin } = new URL(location);
  let url = location;
  for (let step = 0; step < 12; step += 1) {
    const response = await go(url);
    const next = response.headers.get("location");
    if (next === null) {
      const [, prompt = ""] = /name="prompt" value="(\w+)"/.exec(await response.text()) ?? [];
      const sent = await go(url, new URLSearchParams({ prompt, login: subject, password: "any" }));
      url = new URL(sent.headers.get("location") ?? "", url).href;
    } else url = new URL(next, url).href;
    if (!url.startsWith(origin)) return url;
  }
  throw new Error(`the provider did not send the browser back; it is at ${url}`);
}
