/** Pieces that several pages share: status badges, tables that scroll on their own, empty states, strips of cycles. */
import type { Cycle } from "../store/cycle-history.ts";
import type { Connection } from "../store/tenants.ts";
import { count } from "./format.ts";
import { type Html, html, type HtmlValue } from "./html.ts";
import { texts } from "./texts/texts.ts";

const words = texts.cycles;

/** Never colour alone: a badge always says its state in words. */
export type Tone = "good" | "warn" | "bad" | "idle";

export function badge(tone: Tone, text: HtmlValue): Html {
  return html`<span class="badge ${tone}">${text}</span>`;
}

export interface Column {
  readonly label: string;
  readonly isNumber?: boolean;
}

/**
 * A table in a frame of its own, which scrolls sideways where it is too wide for its place, and takes the keyboard's
 * focus to do so. On a narrow screen each row is a card with the columns' names in it: the stylesheet takes the layout of a
 * table away there, and the roles keep what it is.
 */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly HtmlValue[])[],
): Html {
  const kind = (column: Column | undefined) => (column?.isNumber === true ? "number" : "text");
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
    <table role="table">
      <caption class="unseen">
        ${caption}
      </caption>
      <thead role="rowgroup">
        <tr role="row">
          ${columns.map(
            (column) =>
              html`<th scope="col" role="columnheader" class="${kind(column)}">${column.label}</th>`,
          )}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${rows.map(
          (row) =>
            html`<tr role="row">
              ${row.map((value, index) => cell(value, columns[index], kind(columns[index])))}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function cell(value: HtmlValue, column: Column | undefined, kind: string): Html {
  return html`<td role="cell" class="${kind}" data-label="${column?.label ?? ""}">${value}</td>`;
}

/** A number of a table; zeros step back, so that what happened stands out. */
export function figure(value: number): Html | string {
  return value === 0 ? html`<span class="zero">0</span>` : count(value);
}

export function emptyState(title: string, hint: HtmlValue): Html {
  return html`<div class="empty">
    <p class="empty-title">${title}</p>
    <div>${hint}</div>
  </div>`;
}

export function notice(text: HtmlValue): Html {
  return html`<p class="notice" role="status">${text}</p>`;
}

/** What somebody should know before going on. */
export function caution(text: HtmlValue): Html {
  return html`<p class="caution" role="status">${text}</p>`;
}

export function problem(text: HtmlValue): Html {
  return html`<p class="problem" role="alert">${text}</p>`;
}

/** More do not fit into a line. */
const MANY_FACTS = 7;

/** Pairs of a name and its value. */
export function facts(pairs: readonly (readonly [string, HtmlValue])[]): Html {
  return html`<dl class="facts ${pairs.length >= MANY_FACTS && "many"}">
    ${pairs.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

/** A value to take elsewhere: a click selects the whole of it, a button copies it where scripts run. */
export function copyable(id: string, value: string): Html {
  const { copy, copied, copyByKeys } = texts.common;
  return html`<span class="copyable">
    <code class="copy" id="${id}">${value}</code>
    <button
      class="quiet"
      type="button"
      data-copy="${id}"
      data-copied="${copied}"
      data-by-keys="${copyByKeys}"
    >
      ${copy}
    </button>
  </span>`;
}

export function crumbs(links: readonly (readonly [string, string])[]): Html {
  return html`<nav class="crumbs" aria-label="${texts.common.breadcrumb}">
    <ol>
      ${links.map(([label, href]) => html`<li><a href="${href}">${label}</a></li>`)}
    </ol>
  </nav>`;
}

/** The way to a page that is about one connection. */
export function connectionCrumbs({
  tenantSlug,
  tenantName,
  id,
  name,
}: Pick<Connection, "tenantSlug" | "tenantName" | "id" | "name">): Html {
  return crumbs([
    [texts.common.overview, "/"],
    [`${tenantName} · ${name}`, connectionPath(tenantSlug, id)],
  ]);
}

export function connectionPath(tenantSlug: string, connectionId: string): string {
  return `/tenants/${tenantSlug}/connections/${connectionId}`;
}

export function cyclePath(tenantSlug: string, cycleId: string): string {
  return `/tenants/${tenantSlug}/cycles/${cycleId}`;
}

export function failurePath(tenantSlug: string, writeId: string): string {
  return `/tenants/${tenantSlug}/failed/${writeId}`;
}

export function resourcePath(tenantSlug: string, type: string, id: string): string {
  return `/tenants/${tenantSlug}/${type === "User" ? "users" : "groups"}/${id}`;
}

/** @returns how the cycle went, judged by its worst write */
export function verdict(cycle: Cycle): "applied" | "refused" | "faulted" {
  if (cycle.faulted > 0) return "faulted";
  return cycle.refused > 0 ? "refused" : "applied";
}

export function verdictBadge(cycle: Cycle): Html {
  if (cycle.kind === "test") return badge("good", words.verdict.answered);
  switch (verdict(cycle)) {
    case "faulted":
      return badge("bad", words.verdict.faulted(cycle.faulted));
    case "refused":
      return badge("warn", words.verdict.refused(cycle.refused));
    case "applied":
      return badge("good", cycle.endedAt === null ? words.verdict.running : words.verdict.applied);
  }
}

export function writesOf(cycle: Cycle): { created: number; updated: number; deleted: number } {
  return {
    created: cycle.usersCreated + cycle.groupsCreated,
    updated: cycle.usersUpdated + cycle.usersReactivated + cycle.groupsUpdated,
    deleted: cycle.usersDeleted + cycle.groupsDeleted,
  };
}

const BAR_WIDTH = 9;
const BAR_STEP = 12;
const STRIP_HEIGHT = 40;
const BAR_HEIGHT_MIN = 5;

/**
 * The last cycles of a connection, oldest first, one bar each: its colour says how it went, its height how much it
 * wrote (by logarithm, since an initial cycle is a thousand times an incremental one).
 * @param slots - cycles a full strip holds; missing ones are drawn as dots, so that strips line up
 */
export function strip(cycles: readonly Cycle[], slots: number): Html {
  const missing = Math.max(0, slots - cycles.length);
  const sizes = cycles.map((cycle) => Math.log10(1 + sizeOf(cycle)));
  const largest = Math.max(1, ...sizes);
  const bars = cycles.map((cycle, index) => {
    const height = BAR_HEIGHT_MIN + ((sizes[index] ?? 0) / largest) * (STRIP_HEIGHT - BAR_HEIGHT_MIN);
    return bar(verdict(cycle), (missing + index) * BAR_STEP, height);
  });
  const dots = Array.from({ length: missing }, (_, index) => bar("none", index * BAR_STEP, 2));
  const width = slots * BAR_STEP - (BAR_STEP - BAR_WIDTH);
  return html`<svg
    class="strip"
    role="img"
    aria-label="${describeStrip(cycles)}"
    viewBox="0 0 ${width} ${STRIP_HEIGHT}"
    width="${width}"
    height="${STRIP_HEIGHT}"
  >
    ${dots}${bars}
  </svg>`;
}

function bar(kind: string, x: number, height: number): Html {
  const y = (STRIP_HEIGHT - height).toFixed(1);
  return html`<rect
    class="bar ${kind}"
    x="${x}"
    y="${y}"
    width="${BAR_WIDTH}"
    height="${height.toFixed(1)}"
    rx="1.5"
  />`;
}

function sizeOf(cycle: Cycle): number {
  const { created, updated, deleted } = writesOf(cycle);
  const members = cycle.membersAdded + cycle.membersRemoved;
  return created + updated + deleted + cycle.usersDeactivated + members + cycle.refused + cycle.faulted;
}

/** @returns such as `Last 12 cycles: 10 applied, 2 with refusals` */
export function describeStrip(cycles: readonly Cycle[]): string {
  if (cycles.length === 0) return words.strip.none;
  const parts = (["applied", "refused", "faulted"] as const).flatMap((kind) => {
    const matching = cycles.filter((cycle) => verdict(cycle) === kind).length;
    return matching === 0 ? [] : [words.strip[kind](matching)];
  });
  return words.strip.last(cycles.length, parts);
}
