/** Where the simulation stands: a bar on a terminal, plain lines elsewhere. */

export interface Output {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly write: (text: string) => unknown;
}

export interface Progress {
  readonly line: (text: string) => void;
  /** Opens a phase of `total` steps; the last one is closed. */
  readonly phase: (name: string, total: number) => void;
  readonly step: () => void;
  readonly end: () => void;
}

const BAR_WIDTH = 30;
const REDRAW_MS = 100;
const PLAIN_LINE_MS = 5000;

/** A progress on `output`, or a silent one without. */
export function createProgress(output: Output | undefined, now: () => number = Date.now): Progress {
  let phase: { name: string; total: number; done: number; startedAt: number; shownAt: number } | undefined;
  const isTty = output?.isTTY === true;
  const write = (text: string): void => void output?.write(text);

  const draw = (at: number): void => {
    if (phase === undefined) return;
    phase.shownAt = at;
    const { name, total, done } = phase;
    const part = total === 0 ? 1 : done / total;
    const filled = Math.round(part * BAR_WIDTH);
    const bar = `${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)}`;
    if (isTty) write(`\r\x1b[K${name} ${bar} ${done}/${total}`);
    else write(`  ${name}: ${done}/${total}\n`);
  };
  const end = (): void => {
    if (phase === undefined) return;
    const { name, done, startedAt } = phase;
    phase = undefined;
    const seconds = ((now() - startedAt) / 1000).toFixed(1);
    write(`${isTty ? "\r\x1b[K" : ""}  ${name}: ${done} in ${seconds} s\n`);
  };
  return {
    line: (text) => {
      end();
      write(`${text}\n`);
    },
    phase: (name, total) => {
      end();
      if (total === 0) return;
      phase = { name, total, done: 0, startedAt: now(), shownAt: now() };
      if (isTty) draw(now());
    },
    step: () => {
      if (phase === undefined) return;
      phase.done += 1;
      const at = now();
      if (at - phase.shownAt >= (isTty ? REDRAW_MS : PLAIN_LINE_MS)) draw(at);
    },
    end,
  };
}
