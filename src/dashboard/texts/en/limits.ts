/** A connection's limits: from where its requests may come, and how many a second. */

export const limitsTexts = {
  title: "Limits",
  lead: "They hold from the next request on. A request from another address is answered 403, one too many 429 with Retry-After; both are told on the connection's page.",
  change: "Change",
  addresses: "Allowed addresses",
  addressesHint:
    "One address or range a line, such as 192.0.2.0/24 or 2001:db8::/32; empty allows all. Azure's are those of the service tag AzureActiveDirectory, and they change.",
  rate: "Requests a second",
  rateHint: "Empty sets no limit. Azure's gallery wants 25 at least.",
};
