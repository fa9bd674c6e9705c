/** Files of people that the console takes: the form, which heading is which field, and the bar while they are stored. */
import { field } from "../forms.ts";
import { Html, html } from "../html.ts";
import { csrfField, type MemberVisit } from "../page.ts";
import { texts } from "../texts/texts.ts";

const words = texts.files;

const HEADING_CHARS_MAX = 200;

export interface FileForm<Name extends string> {
  readonly action: string;
  readonly hint: string;
  readonly submit: string;
  /** Fields of a person, and what they are called. */
  readonly labels: Readonly<Record<Name, string>>;
}

export function fileForm<Name extends string>(
  visit: MemberVisit,
  { action, hint, submit, labels }: FileForm<Name>,
): Html {
  return html`<form class="card stack medium" method="post" action="${action}" enctype="multipart/form-data">
    ${csrfField(visit)}
    ${field({
      ...{ name: "file", label: words.file, type: "file", accept: ".csv,text/csv", isRequired: true },
      hint: words.fileMore(hint),
    })}
    <fieldset class="columns">
      <legend>${words.headings}</legend>
      ${(Object.keys(labels) as Name[]).map((name) =>
        field({
          ...{ name: `heading-${name}`, label: labels[name], charsMax: HEADING_CHARS_MAX },
          value: visit.form.get(`heading-${name}`) ?? name,
        }),
      )}
    </fieldset>
    <div class="actions"><button type="submit">${submit}</button></div>
  </form>`;
}

/** What the form says of headings that are not the fields' own names. */
export function headingsIn<Name extends string>(
  form: URLSearchParams,
  fields: readonly Name[],
): ReadonlyMap<Name, string> {
  return new Map(
    fields.flatMap((name) => {
      const heading = (form.get(`heading-${name}`) ?? "").trim();
      return heading === "" || heading === name ? [] : [[name, heading] as const];
    }),
  );
}

/**
 * Bars of how many are stored, one after the other, of which the last is the one that is shown.
 * @param work - told where to say how far it is
 * @returns what the work returned; undefined when it failed
 */
export async function* bars<Result>(
  total: number,
  work: (onProgress: (done: number) => void) => Promise<Result>,
): AsyncGenerator<Html, Result | undefined> {
  yield new Html('<div class="progress" role="status">');
  const told = createTold();
  const ended = work(told.tell).catch(() => undefined);
  for await (const done of told.until(ended)) yield bar(done, total);
  yield new Html("</div>");
  return ended;
}

function bar(done: number, total: number): Html {
  const text = words.stored(done, total);
  return html`<p><progress value="${done}" max="${total}" aria-label="${text}"></progress> ${text}</p>`;
}

interface Told {
  readonly tell: (done: number) => void;
  /** What was told last, whenever whoever listens is ready for it. */
  readonly until: (ended: Promise<unknown>) => AsyncGenerator<number>;
}

function createTold(): Told {
  let last = 0;
  let isOver = false;
  let wake = (): void => undefined;
  return {
    tell: (done) => {
      last = done;
      wake();
    },
    until: async function* (ended) {
      const over = ended.then(() => {
        isOver = true;
        wake();
      });
      for (let shown = 0; !isOver;) {
        const news = new Promise<void>((resolve) => {
          wake = resolve;
        });
        if (last === shown) await news;
        if (last > shown) yield (shown = last);
      }
      await over;
    },
  };
}
