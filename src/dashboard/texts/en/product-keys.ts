/** The keys by which a tenant's product asks. */
import { html } from "../../html.ts";

export const productKeysTexts = {
  title: "Product keys",
  lead: "The product shows a key to ask who may log in, to read events, and to tell whom it knew before. It opens nothing of the identity provider's.",
  noKey: "No key yet",
  noKeyHint: "Without one the product cannot ask.",
  noSuchKey: "There is no such key",

  columns: ["Key", "Name", "State", "Created", "Ends", "Last used"],
  never: "Never",
  revoked: "Revoked",
  expired: "Expired",
  live: "Live",

  name: "Name",
  nameHint: "After what will use it, such as web servers.",
  days: "Days until it ends",
  daysHint: "Empty: it stands until it is revoked.",
  make: "Make a key",
  noName: "Name the key after what will use it.",
  wrongDays: (daysMax: number) => `A key lives for 1 to ${String(daysMax)} days, or without an end.`,

  newKey: (tenant: string) => `New product key for ${tenant}`,
  copyNow: "Copy it into the product now",
  address: "Address",
  key: "Key",
  keyOnce: html`<strong>The key is shown this once.</strong> Only its hash is stored; if it is lost, make
    another and revoke this one. The product sends it as a bearer token.`,
  copied: "I have copied it",

  revokeTitle: "Revoke a product key",
  revokeKey: (name: string) => `Revoke ${name}`,
  /** @param hint - how the key begins */
  revokeLead: (hint: string) =>
    html`Whatever uses <code>${hint}…</code> is answered 401 at once. The product's client then does what was
      chosen for a Rollcall that cannot be reached.`,
  revokeUnderstood: "I understand that the product can no longer ask with this key",
  revokeUnconfirmed: "Tick the box to confirm that the key is to end.",
  revoke: "Revoke the key",
};
