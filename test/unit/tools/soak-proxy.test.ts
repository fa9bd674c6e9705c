/** What the network between the parts of a soak may do: cut, delay and lose, but never change what arrives. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { type Proxy, startProxy } from "../../../tools/soak/proxy.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function openProxy(onSocket: (socket: Socket) => void): Promise<{ proxy: Proxy; client: Socket }> {
  const server: Server = createServer(onSocket);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanUps.push(() => server.close());
  const proxy = await startProxy((server.address() as AddressInfo).port);
  cleanUps.push(() => proxy.close());
  const client = connect(proxy.port, "127.0.0.1").setNoDelay(true);
  client.on("error", () => undefined);
  return { proxy, client };
}

/** Nothing else runs meanwhile, as on a machine with too much to do. */
function block(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

test("whatever the delay does, and however busy the machine is, bytes arrive in their order", async () => {
  let received = "";
  const { proxy, client } = await openProxy((socket) => {
    socket.on("error", () => undefined); // It is cut in the end.
    socket.setEncoding("utf8").on("data", (text: string) => (received += text));
  });
  let sent = "";
  for (let round = 0; round < 40; round += 1) {
    proxy.delay(round % 2 === 0 ? 12 : 0);
    for (let number = 0; number < 8; number += 1) {
      const text = `${round}.${number} `;
      client.write(text);
      sent += text;
      if (number % 3 === 2) block(1 + (round % 7));
      await sleep(1);
    }
  }
  await expect.poll(() => received.length).toBe(sent.length);

  expect(received).toBe(sent);
});
