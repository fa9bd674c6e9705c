/** The way in: signing in, by Rollcall's own account or the operator's provider, and the link that sets a password. */
import { html } from "../../html.ts";

export const signInTexts = {
  title: "Sign in",
  lead: "The console of your provisioning service.",
  withProvider: (provider: string) => `Sign in with ${provider}`,
  orOwnAccount: "Or with an account of Rollcall's own:",
  login: "Login",
  password: "Password",
  firstAccount: html`The first account is <code>owner</code>. Its password was printed when Rollcall started
    for the first time; a lost one is replaced by <code>rollcall account reset-password owner</code>.`,
  refused:
    "That login and password do not match, or the account is locked for a while after too many attempts.",
  busy: "Too many people are signing in at the moment. Try again in a few seconds.",
  toSignIn: "Go to the sign-in",
  backToSignIn: "Back to the sign-in",

  noAccess: "No access",
  noAccessMeans: (name: string) =>
    html`Your identity provider knows you as <b>${name}</b>, but gives you no role in Rollcall, or your
      account is disabled here. Ask for one of the roles that OIDC_ROLES names.`,
  failedTitle: "Sign-in failed",
  failed: "That sign-in failed",
  failedMeans: (correlationId: string) =>
    html`The identity provider refused it, did not answer, or it was begun in another browser or too long ago.
      The log says which under <code>${correlationId}</code>.`,
  tryAgain: "Try again",

  welcome: "Welcome",
  welcomeLead: (login: string) =>
    html`Choose the password of <b>${login}</b>. You sign in with it from then on.`,
  setPassword: "Set password",
  linkEndedTitle: "Link ended",
  linkEnded: "This link has ended",
  linkEndedMeans: "It works once, and for three days. Ask whoever sent it for another one.",
};
