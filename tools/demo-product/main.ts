/**
 * Starts the demo product: `tools/demo-product/run --url http://127.0.0.1:8080 --key rk_… [--port 8090]`. It follows the
 * events, or with `--webhook-secret whsec_…` is told by a webhook at /hooks/rollcall.
 */
import { parseArgs } from "node:util";
import { createRollcallClient } from "../../src/client/index.ts";
import { createDemoProduct } from "./product.ts";

const { values } = parseArgs({
  options: {
    url: { type: "string", default: "http://127.0.0.1:8080" },
    key: { type: "string" },
    port: { type: "string", default: "8090" },
    "webhook-secret": { type: "string" },
  },
});
if (values.key === undefined) {
  console.error('--key is missing; "bin/rollcall product-key create <tenant>" makes one');
  process.exit(2);
}
const webhookSecret = values["webhook-secret"];
const rollcall = createRollcallClient({
  url: values.url,
  key: values.key,
  // A webhook tells of changes; should it be late, a session goes on for so long at most.
  cacheMs: webhookSecret === undefined ? 500 : 30_000,
  onUnreachable: (error) => console.error("Rollcall gave no answer:", error),
});
if (webhookSecret === undefined) rollcall.follow();
createDemoProduct(rollcall, webhookSecret).listen(Number(values.port), "127.0.0.1", () =>
  console.log(`The demo product is at http://127.0.0.1:${values.port}`),
);
