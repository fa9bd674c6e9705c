/** What the measurement of capacity prints, as tables of a page. */
import { type Cost, type needOf, rateOn, type RowBytes } from "./capacity-model.ts";

export interface Line {
  readonly what: string;
  readonly model: number;
  readonly measured: number;
  readonly unit: string;
}

export function costTable(costs: Readonly<Record<string, Cost>>, bytes: RowBytes): string {
  const rows = Object.entries(costs).map(([name, cost]) => {
    const cells = [cost.api, cost.worker, cost.postgres, cost.redis].map((ms) => ms.toFixed(3));
    return `| ${name} | ${cells.join(" | ")} |`;
  });
  const sizes = `A row with its part of all indexes: a user ${Math.round(bytes.users)} bytes, a write ${Math.round(bytes.writes)}, an event ${Math.round(bytes.events)}.`;
  return [
    "| processor ms of one | api | worker | Postgres | Redis |",
    "| - | - | - | - | - |",
    ...rows,
    "",
    sizes,
    "",
  ].join("\n");
}

export function comparison(lines: readonly Line[]): string {
  const rows = lines.map(({ what, model, measured, unit }) => {
    const shown = (value: number): string => `${value < 100 ? value.toFixed(2) : Math.round(value)}${unit}`;
    return `| ${what} | ${shown(model)} | ${shown(measured)} | ${(((model - measured) / measured) * 100).toFixed(0)} % |`;
  });
  return ["| on this machine | model | measured | off by |", "| - | - | - | - |", ...rows, ""].join("\n");
}

export function needTable(need: ReturnType<typeof needOf>, create: Cost): string {
  const { cores, gib } = need;
  const perCore = rateOn(1, { api: 0, worker: 0, postgres: create.postgres, redis: 0 }, 0);
  const rows = [
    ["writes/s in the busiest hour", need.writesPerSecond.toFixed(0)],
    ["login checks/s in the busiest hour", need.loginChecksPerSecond.toFixed(0)],
    [
      "cores busy then: api / workers / Postgres / Redis",
      [cores.api, cores.worker, cores.postgres, cores.redis].map((each) => each.toFixed(2)).join(" / "),
    ],
    ["users with indexes", `${gib.users.toFixed(0)} GiB`],
    ["ledger of 90 days", `${gib.writes.toFixed(0)} GiB`],
    ["events of 30 days", `${gib.events.toFixed(0)} GiB`],
    ["creates/s that one core of Postgres commits", perCore.toFixed(0)],
    [
      "hours of the first provisioning of everybody, at the rate of 8 such cores",
      need.hoursAtFirst(8 * perCore).toFixed(1),
    ],
  ];
  return [
    "| 10,000 tenants, 50 million users | |",
    "| - | - |",
    ...rows.map((row) => `| ${row.join(" | ")} |`),
    "",
  ].join("\n");
}
