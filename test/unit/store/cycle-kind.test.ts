/** Which kind of cycle it was, told by what was asked for and when. */
import { expect, test } from "vitest";
import { type CycleFacts, kindOfCycle } from "../../../src/store/cycle-kind.ts";

const START = Date.UTC(2026, 0, 5, 8);
const minutes = (after: number): Date => new Date(START + after * 60_000);
const beat = { startedAt: minutes(0), endedAt: minutes(3) };

/** A beat in the middle of a connection's life. */
const usual: CycleFacts = {
  startedAt: minutes(40),
  requests: 30,
  requestKinds: { "User.probe": 1, "Group.probe": 1, "User.list": 14, "User.patch": 14 },
  writes: 14,
  created: 0,
  resources: 1_000,
  hasCreatedBefore: true,
  lastBeat: beat,
};
const probes = { requests: 2, requestKinds: { "User.probe": 1, "Group.probe": 1 }, writes: 0 };
const onDemand = {
  requests: 4,
  requestKinds: { "User.probe": 2, "User.list": 1, "User.patch": 1 },
  writes: 1,
};

test.each<[string, Partial<CycleFacts>, string]>([
  ["a beat with changes", {}, "incremental"],
  ["a beat with a single change", onDemand, "incremental"],
  ["a beat without a change", probes, "incremental"],
  ["a beat after one that was missed", { startedAt: minutes(81), ...onDemand }, "incremental"],
  [
    "a beat after a long initial cycle",
    { startedAt: minutes(223), lastBeat: { ...beat, endedAt: minutes(180) }, ...probes },
    "incremental",
  ],
  ["many requests off the beat", { startedAt: minutes(17) }, "incremental"],
  [
    "the first that creates",
    { created: 12, resources: 1_000, hasCreatedBefore: false, lastBeat: undefined },
    "initial",
  ],
  [
    "the first that creates, on demand",
    { ...onDemand, created: 1, hasCreatedBefore: false, lastBeat: undefined },
    "initial",
  ],
  ["one that creates more than half of all there is", { created: 501 }, "initial"],
  ["one that creates half of all there is", { created: 500 }, "incremental"],
  ["few requests off the beat", { startedAt: minutes(17), ...onDemand }, "on_demand"],
  [
    "few requests that create, off the beat",
    { startedAt: minutes(17), ...onDemand, created: 2, resources: 3 },
    "on_demand",
  ],
  ["few requests soon after a beat", { startedAt: minutes(6), ...onDemand }, "on_demand"],
  [
    "a look at one user, off the beat",
    { startedAt: minutes(17), requests: 3, requestKinds: { "User.list": 2, "User.get": 1 }, writes: 0 },
    "on_demand",
  ],
  ["the probes of a connection test", { startedAt: minutes(17), ...probes }, "test"],
  [
    "the probes before anything was provisioned",
    { ...probes, lastBeat: undefined, hasCreatedBefore: false, resources: 0 },
    "test",
  ],
  [
    "a lone request that reads",
    { startedAt: minutes(17), requests: 1, requestKinds: { "User.list": 1 }, writes: 0 },
    "test",
  ],
  [
    "a lone request that writes",
    { startedAt: minutes(17), requests: 1, requestKinds: { "User.patch": 1 }, writes: 1 },
    "on_demand",
  ],
])("%s", (_case, facts, kind) => {
  expect(kindOfCycle({ ...usual, ...facts })).toBe(kind);
});
