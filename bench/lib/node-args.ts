/** For each of the service's processes: `BENCH_NODE_ARGS="--cpu-prof --cpu-prof-dir=profiles"` leaves its profile. */
export const NODE_ARGS = (process.env["BENCH_NODE_ARGS"] ?? "").split(" ").filter((arg) => arg !== "");
