/** How a connection's identity provider shows who it is: chosen when the connection is made, in the words of Azure's form. */
import { type Html, html } from "../html.ts";
import type { MemberVisit } from "../page.ts";
import { texts } from "../texts/texts.ts";

const words = texts.connect;

export const AUTHENTICATIONS = ["client_secret", "federation", "bearer"] as const;
export type Authentication = (typeof AUTHENTICATIONS)[number];

/** What is chosen where nothing was. @returns undefined for what is none of them */
export function authenticationIn(form: MemberVisit["form"]): Authentication | undefined {
  const said = form.get("authentication") ?? "bearer";
  return AUTHENTICATIONS.find((name) => name === said);
}

/** A labelled choice of one, each with what it means. */
export function authenticationField(chosen: Authentication): Html {
  return html`<fieldset class="choices">
    <legend>${words.authentication}</legend>
    ${AUTHENTICATIONS.map(
      (name) =>
        html`<div class="choice">
          ${
            name === chosen
              ? html`<input
                  type="radio"
                  name="authentication"
                  id="auth-${name}"
                  value="${name}"
                  aria-describedby="auth-${name}-hint"
                  checked
                />`
              : html`<input
                  type="radio"
                  name="authentication"
                  id="auth-${name}"
                  value="${name}"
                  aria-describedby="auth-${name}-hint"
                />`
          }
          <label for="auth-${name}">${words.authentications[name].label}</label>
          <p class="hint" id="auth-${name}-hint">${words.authentications[name].hint}</p>
        </div>`,
    )}
  </fieldset>`;
}
