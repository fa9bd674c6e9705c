/** What a password must be, and the two fields in which somebody chooses one. */
import { guessable } from "../platform/guessable-password.ts";
import { type Html, html } from "./html.ts";
import { texts } from "./texts/texts.ts";

const words = texts.password;

const CHARS_MIN = 12;
const CHARS_MAX = 200;

/** @returns what is wrong with a password and its repetition, or undefined */
export async function passwordProblem(form: URLSearchParams, login: string): Promise<string | undefined> {
  const password = form.get("password") ?? "";
  if (password.length < CHARS_MIN) return words.tooShort(CHARS_MIN);
  if (password.length > CHARS_MAX) return words.tooLong(CHARS_MAX);
  if (password.toLowerCase().includes(login)) return words.tooEasy("about_you");
  const why = await guessable(password, login);
  if (why !== undefined) return words.tooEasy(why);
  return password === form.get("again") ? undefined : words.differ;
}

export function passwordFields(): Html {
  return html`<div class="field">
      <label for="password">${words.new}</label>
      <input
        id="password"
        name="password"
        type="password"
        autocomplete="new-password"
        required
        minlength="${CHARS_MIN}"
        maxlength="${CHARS_MAX}"
        aria-describedby="password-hint"
      />
      <p class="hint" id="password-hint">${words.atLeast(CHARS_MIN)}</p>
    </div>
    <div class="field">
      <label for="again">${words.again}</label>
      <input id="again" name="again" type="password" autocomplete="new-password" required />
    </div>`;
}
