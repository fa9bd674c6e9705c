/** A connection's deactivation guard: its page, what is decided there, and what other pages say of it. */
import { type Html, html } from "../../html.ts";
import { count, counted } from "./numbers.ts";

export const guardTexts = {
  title: "Deactivation guard",
  lead: "A scoping filter changed by mistake takes access away from many within one cycle. Beyond the limit the guard holds deactivations and deletions until somebody decides; all other changes go on.",
  on: "On",
  off: "Off",
  held: (users: number) => `${count(users)} held`,

  done: {
    set: "The guard is set; it holds for every write from now on.",
    off: "The guard is off. What it holds already still waits for a decision.",
    released: (users: number) => `${counted(users, "user")} released; the workers apply it now.`,
    rejected: (users: number) => `${counted(users, "user")} rejected; they keep their access.`,
  },
  inTurns: (users: number) =>
    `${counted(users, "released user")} will be applied soon, many of them in turns.`,

  waiting: "Held",
  nothingHeld: "Nothing is held",
  nothingHeldHint: "What a cycle wants beyond the limit waits here for a decision.",
  heldUsers: "Held users",
  heldColumns: ["User", "What", "Since", "Asked", "Cycle"],
  kinds: { deactivate: "Deactivation", delete: "Deletion" },
  asked: (times: number) => (times === 1 ? "once" : `${count(times)} times`),
  choose: (userName: string) => `Choose ${userName}`,
  nextOnes: "Show the next ones",
  /** @param limit - null where it was lifted */
  whyHeld: (
    cyclePath: string,
    { lost, active, limit, held }: { lost: number; active: number; limit: number | null; held: number },
  ) =>
    html`In <a href="${cyclePath}">this cycle</a> ${counted(lost, "user")} of ${count(active)} active lost
      their access; the limit is ${limit === null ? "lifted" : count(limit)}. It held ${count(held)}.`,

  reason: "Reason",
  reasonHint:
    "It stays in the audit. If it was a mistake, have it mended in Azure before you reject: what Azure still wants in a later cycle is held again.",
  liftRest: "When releasing, let the rest of the running cycle pass too",
  releaseAll: (users: number) => `Release all ${count(users)}`,
  rejectAll: (users: number) => `Reject all ${count(users)}`,
  releaseChosen: "Release the chosen",
  rejectChosen: "Reject the chosen",
  noDecision: "Choose whether to release or to reject.",
  noReason: "Say why: the reason stays in the audit.",
  noUser: "Choose at least one user.",

  rejected: "Rejected",
  rejectedHint:
    "Turned away in their cycle and in the next that repeats them; after that they are held again. Forgotten 30 days after Azure asked last, or when it makes the user active.",
  rejectedUsers: "Rejected users",
  rejectedColumns: ["User", "What", "Rejected", "By", "Why", "Asked last"],

  limits: "Limits",
  isOn: (settings: string) => `On: ${settings}.`,
  isOff: "Off: whatever a cycle deactivates or deletes is applied.",
  recommended: "Recommended for every connection; these are good limits to begin with.",
  usersMax: "Users in one cycle",
  percentMax: "Percent of the active users in one cycle",
  limitsHint: "Where both are set, the smaller counts. An empty field sets no limit.",
  answer: "Beyond the limit Azure is answered",
  answers: { accept: "as though it were applied", retry: "503, to come again" },
  answerHint:
    "503 is honest, but many of them put the connection into quarantine, which slows everything down. Answered as applied, Azure asks again only when it compares anew; the product sees the truth either way.",
  turnOn: "Turn on",
  turnOff: "Turn off",
  noUsersMax: "The number of users must be a whole number.",
  noPercentMax: "The percentage must be a number from 0 to 100.",
  noLimit: "Set at least one of the limits, or turn the guard off.",
  noAnswer: "Choose what Azure is answered.",

  /** On the connection's page. */
  fact: (settings: string) => `${settings}.`,
  notRecommended: "Off, which is not recommended",
  showGuard: "Show the guard",
  /** On a cycle's page. @param limit - in users */
  ofCycle: (held: number, limit: number, fates: readonly string[]) =>
    `The deactivation guard held ${count(held)}, beyond the limit of ${count(limit)}${fates.length > 0 ? `: ${fates.join(", ")}` : ""}.`,
  fates: {
    released: (users: number) => `${count(users)} released`,
    rejected: (users: number) => `${count(users)} rejected`,
    superseded: (users: number) => `${count(users)} made active again`,
  },
  liftedAt: (time: Html) => html`Its limit was lifted at ${time}.`,
  /** On a user's page. */
  ofUser: (kind: "deactivate" | "delete", state: "waiting" | "released" | "rejected", since: Html) =>
    html`The ${kind === "delete" ? "deletion" : "deactivation"} of this user ${FATE[state]}, since ${since}.`,
};

const FATE = {
  waiting: "is held",
  released: "is released, and about to be applied",
  rejected: "was rejected",
};
