/** When a cycle's writes ended, as a picture: bars of equal spans, as high as many ended in them. */
import { type CycleSpan, SPAN_MS } from "../../store/cycle-timings.ts";
import { duration } from "../format.ts";
import { type Html, html } from "../html.ts";
import { texts } from "../texts/texts.ts";

const words = texts.cycle.timeline;

const WIDTH = 720;
const HEIGHT = 120;
const BARS_MAX = 90;
/** A minute, so that a short cycle is no wall. */
const BARS_MIN = 12;
const GAP = 1;
const RESULTS = ["applied", "unchanged", "refused", "faulted"] as const;
/** The classes that color a bar; what changed nothing steps back. */
const CLASSES = { applied: "applied", unchanged: "none", refused: "refused", faulted: "faulted" } as const;
const CLOCK = new Intl.DateTimeFormat(texts.times.locale, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZone: "UTC",
});

interface Bar {
  readonly startsAt: number;
  readonly applied: number;
  readonly unchanged: number;
  readonly refused: number;
  readonly faulted: number;
}

/** @param spans - in order, not empty */
export function timeline(spans: readonly CycleSpan[]): Html {
  const { bars, barMs } = barsOf(spans);
  const totals = bars.map(totalOf);
  const peak = Math.max(...totals);
  const peakAt = bars[totals.indexOf(peak)]?.startsAt ?? 0;
  const rate = words.rate((peak * 1000) / barMs);
  const [first, last] = [bars[0]?.startsAt ?? 0, (bars.at(-1)?.startsAt ?? 0) + barMs];
  const said = words.words({
    ...{ first: clock(first), last: clock(last), step: duration(barMs) },
    ...{ rate, peakAt: clock(peakAt) },
  });
  return html`<figure class="timeline">
    <svg
      class="throughput"
      role="img"
      aria-label="${said}"
      viewBox="0 0 ${WIDTH} ${HEIGHT}"
      preserveAspectRatio="none"
    >
      ${bars.map((bar, index) => drawn(bar, { index, of: bars.length, peak, barMs }))}
    </svg>
    <figcaption class="muted small">
      <span>${clock(first)}</span>
      <span>${words.peak(rate, clock(peakAt))}</span>
      <span>${texts.times.utc(clock(last))}</span>
    </figcaption>
  </figure>`;
}

/** Spans in which nothing ended are bars too; many spans share one. */
function barsOf(spans: readonly CycleSpan[]): { readonly bars: readonly Bar[]; readonly barMs: number } {
  const times = spans.map(({ startsAt }) => startsAt.getTime());
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const barMs = Math.ceil(((last - first) / SPAN_MS + 1) / BARS_MAX) * SPAN_MS;
  const length = Math.max(BARS_MIN, Math.floor((last - first) / barMs) + 1);
  const bars = Array.from({ length }, (_, index) => ({
    startsAt: first + index * barMs,
    ...{ applied: 0, unchanged: 0, refused: 0, faulted: 0 },
  }));
  for (const span of spans) {
    const bar = bars[Math.floor((span.startsAt.getTime() - first) / barMs)];
    if (bar) for (const result of RESULTS) bar[result] += span[result];
  }
  return { bars, barMs };
}

interface Place {
  readonly index: number;
  readonly of: number;
  readonly peak: number;
  readonly barMs: number;
}

/** One bar, its results stacked from the ground. */
function drawn(bar: Bar, { index, of, peak, barMs }: Place): Html {
  const step = WIDTH / of;
  let top = HEIGHT;
  const parts = RESULTS.filter((result) => bar[result] > 0).map((result) => {
    const height = (bar[result] / Math.max(1, peak)) * (HEIGHT - 4);
    top -= height;
    return html`<rect
      class="bar ${CLASSES[result]}"
      x="${(index * step).toFixed(1)}"
      y="${top.toFixed(1)}"
      width="${Math.max(1, step - GAP).toFixed(1)}"
      height="${height.toFixed(1)}"
    />`;
  });
  const said = RESULTS.filter((result) => bar[result] > 0).map((result) =>
    words.results[result](bar[result]),
  );
  return html`<g><title>${words.bar(clock(bar.startsAt), duration(barMs), said)}</title>${parts}</g>`;
}

function totalOf(bar: Bar): number {
  return RESULTS.reduce((sum, result) => sum + bar[result], 0);
}

function clock(ms: number): string {
  return CLOCK.format(new Date(ms));
}
