/** Webhook endpoints: how each is, making another, what came of its deliveries, what its receiver must be told. */
import { type Html, html } from "../../html.ts";
import { count } from "./numbers.ts";

export const webhooksTexts = {
  title: "Webhooks",
  lead: "Where the tenant's events are sent, signed and in order for each user and group.",
  noEndpoint: "No endpoint yet",
  noEndpointHint: "The product can also read the event feed by itself.",

  endpoints: "Webhook endpoints",
  endpoint: "Endpoint",
  state: "State",
  sends: "Sends",
  events: "Events",
  waiting: "Waiting",
  failed: "Failed",
  states: {
    paused: "Paused",
    pausedFailing: "Paused: failing",
    pausedGone: "Paused: answered 410",
    active: "Active",
    failing: "Failing",
    failingSince: (since: Html) => html`Failing since ${since}`,
  },
  /** In a word or two. */
  formats: {
    messages: (version: number) => `Messages, version ${version}`,
    tokens: "Tokens",
    tokensWithoutValues: "Tokens without values",
    polled: (format: string) => `${format}, polled`,
  },
  allEvents: "All",
  allOfTokens: "All of users and groups",

  address: "Address",
  addressHint: "https, and public unless this installation allows others.",
  format: "What is sent",
  formatHint: "Tokens are after RFC 8417 and RFC 9967, for receivers that know the standard.",
  formatChoices: {
    json: "Messages of version 2, signed after Standard Webhooks",
    "json-1": "Messages of version 1, likewise",
    set: "Security event tokens, with values",
    "set-notice": "Security event tokens, names of attributes alone",
  },
  delivery: "How it gets there",
  deliveries: {
    push: "It is sent to the address",
    poll: "The receiver asks for it: tokens alone, without an address",
  },
  audience: "Audience of tokens",
  audienceHint: "What the receiver knows itself by; without it the endpoint gets a name of its own.",
  chooseEvents: "Events; none ticked sends all",
  add: "Add the endpoint",
  wrong: {
    messagesPolled:
      "Messages do not wait to be asked for: the product reads them from the event feed. Choose tokens, or an address.",
    untold: (event: string) => `Tokens tell of users and groups; ${event} is none of theirs.`,
    audience: (charsMax: number) => `The audience may have ${charsMax} characters at most.`,
    address: (charsMax: number) => `The address may have ${charsMax} characters at most.`,
    target: (url: string, fault = "it is no address") => `Nothing can be sent to “${url}”: ${fault}.`,
  },

  secretFor: (tenant: string) => `Webhook secret for ${tenant}`,
  giveNow: "Give it to the receiver now",
  secret: "Secret",
  secretOnce: html`<strong>The secret is shown this once.</strong> The receiver verifies by it that messages
    come from here, after <i>Standard Webhooks</i>.`,
  secretOfTokensOnce: html`<strong>The secret is shown this once.</strong> It comes with each token, as
    <code>Authorization: Bearer</code>; the token itself is verified by the key set.`,
  copied: "I have copied it",
};

/** One endpoint. */
export const webhookTexts = {
  title: "Webhook",
  noSuchEndpoint: "There is no such webhook endpoint",
  noSuchEvent: "There is no such event",
  noSuchVersion: "There is no such version",

  issuer: "Issuer",
  audience: "Audience",
  keySet: "Key set",
  pollBy: "Poll by POST",
  lastAsked: "Last asked",
  never: "Never",

  pause: "Pause",
  resume: "Resume",
  newSecret: "New secret",
  delete: "Delete",
  pausedMeans: "While it is paused its events wait, for as long as events are kept.",
  polledMeans: "Its receiver asks with a product key of the tenant.",
  newSecretMeans: (hours: number) =>
    `After a new secret is made, the old one signs messages beside it for ${hours} hours.`,

  version: "Version of messages",
  versionHint: "What waits is told in the new version as well. The receiver must understand it first.",
  versions: { 1: "1: names of what changed", 2: "2: from what to what, and why" },
  changeVersion: "Change the version",

  deliveries: "Deliveries",
  made: "Made",
  event: "Event",
  state: "State",
  attempts: "Attempts",
  answer: "Answer",
  time: "Time",
  milliseconds: (milliseconds: number) => `${count(milliseconds)} ms`,
  onlyFailed: (path: string) => html`Only those that failed. <a href="${path}">Show all</a>`,
  newest: (shown: number, failedPath: string) =>
    html`The newest ${shown}. <a href="${failedPath}">Show those that failed</a>`,
  noDelivery: "None",
  noFailed: "No delivery has failed.",
  noneSent: "No event has been sent yet.",
  states: { delivered: "Delivered", failed: "Failed", pending: "Waiting" },
  sendAgain: "Send again",
  sendAllSince: "Send everything again since (UTC)",
  sendAllSinceHint: "Receivers know repetitions by their ids.",
  noTime: "Give the time from which events are to be sent again.",

  deleteTitle: "Delete a webhook endpoint",
  deleteHeading: "Delete the endpoint",
  deleteLead: (url: string) =>
    html`Nothing is sent to <code class="wraps">${url}</code> any more; its secret and its deliveries are
      forgotten.`,
  deleteUnderstood: "I understand that the receiver hears of nothing any more",
  deleteUnconfirmed: "Tick the box to confirm that the endpoint is to be forgotten.",
};
