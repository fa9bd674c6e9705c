/** A client of server-sent events, as small as can be: what came so far, as events with their ids. */
export interface SentEvent {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: unknown;
}

export interface EventStream {
  readonly events: readonly SentEvent[];
  /** Id of the last block, with or without an event. */
  lastId(): string | undefined;
  readonly status: number;
  /** Resolves when the server ends the stream. */
  readonly ended: Promise<void>;
  close(): void;
}

export async function openEventStream(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<EventStream> {
  const abort = new AbortController();
  const response = await fetch(url, {
    headers: { ...headers, Accept: "text/event-stream" },
    signal: abort.signal,
  });
  const events: SentEvent[] = [];
  let lastId: string | undefined;
  const ended = (async () => {
    let rest = "";
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = (rest + chunk).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const fields = new Map(block.split("\n").map((line) => splitAt(line, ": ")));
        lastId = fields.get("id") ?? lastId;
        const data = fields.get("data");
        if (data !== undefined)
          events.push({
            id: fields.get("id"),
            event: fields.get("event"),
            data: JSON.parse(data) as unknown,
          });
      }
    }
  })().catch((error: unknown) => {
    if (!abort.signal.aborted) throw error;
  });
  return { events, lastId: () => lastId, status: response.status, ended, close: () => abort.abort() };
}

function splitAt(line: string, separator: string): [string, string] {
  const at = line.indexOf(separator);
  return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + separator.length)];
}
