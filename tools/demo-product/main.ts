/** Starts the demo product: `tools/demo-product/run --url http://127.0.0.1:8080 --key rk_… [--port 8090]`. */
import { parseArgs } from "node:util";
import { createRollcallClient } from "../../src/client/index.ts";
import { createDemoProduct } from "./product.ts";

const { values } = parseArgs({
  options: {
    url: { type: "string", default: "http://127.0.0.1:8080" },
    key: { type: "string" },
    port: { type: "string", default: "8090" },
  },
});
if (values.key === undefined) {
  console.error('--key is missing; "bin/rollcall product-key create <tenant>" makes one');
  process.exit(2);
}
const rollcall = createRollcallClient({
  url: values.url,
  key: values.key,
  cacheMs: 500,
  onUnreachable: (error) => console.error("Rollcall gave no answer:", error),
});
rollcall.follow();
createDemoProduct(rollcall).listen(Number(values.port), "127.0.0.1", () =>
  console.log(`The demo product is at http://127.0.0.1:${values.port}`),
);
