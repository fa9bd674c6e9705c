/** What a password must be, and the two fields in which somebody chooses one. */
import { type Html, html } from "./html.ts";

const CHARS_MIN = 12;
const CHARS_MAX = 200;
const DIFFERENT_MIN = 5;

/** @returns what is wrong with a password and its repetition, or undefined */
export function passwordProblem(form: URLSearchParams, login: string): string | undefined {
  const password = form.get("password") ?? "";
  if (password.length < CHARS_MIN) return `A password has ${CHARS_MIN} characters at least.`;
  if (password.length > CHARS_MAX) return `A password has ${CHARS_MAX} characters at most.`;
  if (new Set(password).size < DIFFERENT_MIN || password.toLowerCase().includes(login))
    return "Choose a password that is harder to guess: several words that do not belong together do well.";
  return password === form.get("again") ? undefined : "The two passwords differ.";
}

export function passwordFields(): Html {
  return html`<div class="field">
      <label for="password">New password</label>
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
      <p class="hint" id="password-hint">${CHARS_MIN} characters at least.</p>
    </div>
    <div class="field">
      <label for="again">New password, again</label>
      <input id="again" name="again" type="password" autocomplete="new-password" required />
    </div>`;
}
