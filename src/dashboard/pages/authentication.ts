/** How a connection's identity provider shows who it is: chosen when the connection is made, in the words of Azure's form. */
import { type Html, html } from "../html.ts";
import type { MemberVisit } from "../page.ts";

export const AUTHENTICATIONS = ["client_secret", "federation", "bearer"] as const;
export type Authentication = (typeof AUTHENTICATIONS)[number];

const WORDS: Readonly<Record<Authentication, { readonly label: string; readonly hint: string }>> = {
  client_secret: {
    label: "OAuth 2.0 client credentials",
    hint: "Azure is given a Client Identifier and a Client Secret, and fetches access tokens of an hour by them.",
  },
  federation: {
    label: "OAuth 2.0 workload identity federation",
    hint: "Nothing secret is pasted anywhere: Azure shows a token of its own issuer, which you name on the next page.",
  },
  bearer: {
    label: "Long-lived bearer token",
    hint: "Azure is given a Secret Token. Its gallery no longer accepts it: it is for applications of your own, and must be replaced before it expires.",
  },
};

/** What is chosen where nothing was. @returns undefined for what is none of them */
export function authenticationIn(form: MemberVisit["form"]): Authentication | undefined {
  const said = form.get("authentication") ?? "bearer";
  return AUTHENTICATIONS.find((name) => name === said);
}

/** A labelled choice of one, each with what it means. */
export function authenticationField(chosen: Authentication): Html {
  return html`<fieldset class="choices">
    <legend>Authentication</legend>
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
          <label for="auth-${name}">${WORDS[name].label}</label>
          <p class="hint" id="auth-${name}-hint">${WORDS[name].hint}</p>
        </div>`,
    )}
  </fieldset>`;
}
