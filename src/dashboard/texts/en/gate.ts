/** A tenant's login gate: when it closes, what it answers while it is off, and who may always come in. */
import { type Html, html } from "../../html.ts";

export const gateTexts = {
  title: "Login gate",
  lead: "The product asks at every sign-in whether somebody may come in. An active user of the directory may; a deactivated one may not. The gate decides about everybody else.",

  state: "State",
  closed: "Closed",
  closedMeans: "Who is not provisioned is turned away.",
  held: "Held open",
  heldMeans: "It closes when it is told to.",
  heldUntil: (time: Html) => html`It closes by itself on ${time}.`,
  automatic: "Automatic",
  automaticMeans: "It closes once the identity provider has provisioned somebody.",

  whenOff: "While it is off or open",
  whenUnreachable: "While Rollcall cannot be reached",
  /** What becomes of people, as it is. */
  outcomes: { allow: "People are let in", refuse: "People are turned away" },
  /** The same, to choose from. */
  choices: { allow: "Let people in", refuse: "Turn people away" },
  whenOffHint: "Open is safe to begin with: the product then decides as it did before.",
  whenUnreachableHint:
    "What the product's client does: to let people in fails open, to turn them away fails closed.",

  closes: "The gate closes",
  closesHint: "Holding it open takes a closing back: nobody is turned away for not being provisioned.",
  closesWhen: {
    automatic: "Once the identity provider has provisioned somebody",
    held: "Not before it is told to",
    at: "At the time below",
    enforced: "Now",
  },
  closesAt: "Time (UTC)",
  noTime: "Give the date and time at which the gate is to close.",

  exemptions: "Accounts that may always come in",
  columns: ["Account", "Why", "Since"],
  noExemption: "None",
  noExemptionHint: "Keep one account of your own here: it comes in when the directory is wrong or gone.",
  login: "userName or e-mail address",
  note: "Why",
  exempt: "Always let in",
  noLogin: "Give the userName or the e-mail address of the account.",
  noNote: "Say why this account may always come in: who reads the audit wants to know.",
};
