/** Pieces of forms: labelled fields, choices, and buttons that post by themselves. */
import { type Html, html } from "./html.ts";
import { csrfField } from "./page.ts";

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly value?: string;
  readonly type?: "text" | "url" | "number" | "datetime-local" | "file" | "date";
  readonly charsMax?: number;
  readonly isRequired?: boolean;
  readonly accept?: string;
}

export function field({ name, label, hint, value, type = "text", ...more }: Field): Html {
  return html`<div class="field">
    <label for="${name}">${label}</label>
    <input
      id="${name}"
      name="${name}"
      type="${type}"
      autocomplete="off"
      ${value !== undefined && html`value="${value}"`}
      ${more.charsMax !== undefined && html`maxlength="${more.charsMax}"`}
      ${more.accept !== undefined && html`accept="${more.accept}"`}
      ${more.isRequired === true && html`required`}
      ${hint !== undefined && html`aria-describedby="${name}-hint"`}
    />
    ${hint !== undefined && html`<p class="hint" id="${name}-hint">${hint}</p>`}
  </div>`;
}

export interface Choices {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly chosen: string;
  /** Value and what is read. */
  readonly options: readonly (readonly [string, string])[];
}

export function choices({ name, label, hint, chosen, options }: Choices): Html {
  return html`<div class="field">
    <label for="${name}">${label}</label>
    <select id="${name}" name="${name}" ${hint !== undefined && html`aria-describedby="${name}-hint"`}>
      ${options.map(
        ([value, text]) =>
          html`<option value="${value}" ${value === chosen && html`selected`}>${text}</option>`,
      )}
    </select>
    ${hint !== undefined && html`<p class="hint" id="${name}-hint">${hint}</p>`}
  </div>`;
}

/** A button that posts at once. @param more - `fields` go with it; `describes` says of what it is, for who cannot see */
export function postButton(
  visit: { readonly csrfToken: string },
  action: string,
  label: string,
  more: {
    readonly fields?: Readonly<Record<string, string>>;
    readonly kind?: "quiet" | "danger";
    readonly describes?: string;
  } = {},
): Html {
  return html`<form method="post" action="${action}">
    ${csrfField(visit)}
    ${Object.entries(more.fields ?? {}).map(
      ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
    )}
    <button class="${more.kind ?? ""}" type="submit">
      ${label}${more.describes !== undefined && html` <span class="unseen">${more.describes}</span>`}
    </button>
  </form>`;
}

/** A box that must be ticked before something is done that cannot be undone. */
export function understood(text: string): Html {
  return html`<label class="check">
    <input type="checkbox" name="understood" value="yes" required />
    <span>${text}</span>
  </label>`;
}

export function isUnderstood({ form }: { readonly form: URLSearchParams }): boolean {
  return form.get("understood") === "yes";
}
