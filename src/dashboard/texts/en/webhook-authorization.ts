/** What a receiver of tokens is shown: the endpoint's secret, or a header that the receiver has given. */

export const webhookAuthorizationTexts = {
  label: "Authorization header",
  ofSecret: "The endpoint's secret",
  ofReceiver: "Its own, which is shown nowhere again",
  hint: "What the receiver wants in the place of the endpoint's secret, such as “Bearer 9f2c…”. Empty goes back to the secret. What waits is sent with it at once.",
  hintOfNew:
    "For tokens that are sent: what the receiver wants in the place of the endpoint's secret, such as “Bearer 9f2c…”. It is shown nowhere again.",
  set: "Set the header",
  wrong: (why: string) => `Nothing was changed: ${why}.`,
  wrongOfNew: (why: string) => `Nothing was added: of the Authorization header, ${why}.`,
  ofNone: "Only a receiver that is sent tokens is shown an Authorization header; leave it empty for others.",
};
