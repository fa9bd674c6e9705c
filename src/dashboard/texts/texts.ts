/**
 * Every word of the console, by the area of pages that shows it; pages hold none themselves.
 *
 * A second language is a folder beside `en` whose objects have the same shape (`Texts["cycles"]` and so on: the compiler
 * names what is missing), and a choice of it here. Whatever depends on the language is in there: plurals, the order of
 * words around a value, how numbers and times are written. Files in there import nothing but `html` and their own folder,
 * and decide nothing: a page decides what is to be said and hands over the values.
 */
import { accountTexts, accountsTexts, passwordTexts } from "./en/accounts.ts";
import { activateTexts, connectTexts } from "./en/activate.ts";
import { auditTexts } from "./en/audit.ts";
import { azureTexts } from "./en/azure.ts";
import { commonTexts } from "./en/common.ts";
import { connectionTexts } from "./en/connection.ts";
import { cycleTexts } from "./en/cycle.ts";
import { cyclesTexts } from "./en/cycles.ts";
import { digestTexts } from "./en/digest.ts";
import { doorTexts } from "./en/door.ts";
import { causeTexts, failedTexts } from "./en/failed.ts";
import { failureTexts } from "./en/failure.ts";
import { fileTexts } from "./en/files.ts";
import { frameTexts } from "./en/frame.ts";
import { gateTexts } from "./en/gate.ts";
import { guardTexts } from "./en/guard.ts";
import { leavingTexts } from "./en/leaving.ts";
import { limitsTexts } from "./en/limits.ts";
import { mappingTexts } from "./en/mapping.ts";
import { numberTexts } from "./en/numbers.ts";
import { oauthTexts } from "./en/oauth.ts";
import { overviewTexts } from "./en/overview.ts";
import { peopleTexts, personTexts } from "./en/people.ts";
import { preparationTexts } from "./en/preparation.ts";
import { productKeysTexts } from "./en/product-keys.ts";
import { reconciliationTexts } from "./en/reconciliation.ts";
import { rolesTexts } from "./en/roles.ts";
import { settingsTexts } from "./en/settings.ts";
import { signInTexts } from "./en/sign-in.ts";
import { tenantTexts } from "./en/tenant.ts";
import { timeTexts } from "./en/times.ts";
import { tokensTexts } from "./en/tokens.ts";
import { webhookAuthorizationTexts } from "./en/webhook-authorization.ts";
import { webhookTexts, webhooksTexts } from "./en/webhooks.ts";

export const texts = {
  account: accountTexts,
  accounts: accountsTexts,
  activate: activateTexts,
  audit: auditTexts,
  azure: azureTexts,
  cause: causeTexts,
  common: commonTexts,
  connect: connectTexts,
  connection: connectionTexts,
  cycle: cycleTexts,
  cycles: cyclesTexts,
  digest: digestTexts,
  door: doorTexts,
  failed: failedTexts,
  failure: failureTexts,
  files: fileTexts,
  frame: frameTexts,
  gate: gateTexts,
  guard: guardTexts,
  leaving: leavingTexts,
  limits: limitsTexts,
  mapping: mappingTexts,
  numbers: numberTexts,
  oauth: oauthTexts,
  overview: overviewTexts,
  password: passwordTexts,
  people: peopleTexts,
  person: personTexts,
  preparation: preparationTexts,
  productKeys: productKeysTexts,
  reconciliation: reconciliationTexts,
  roles: rolesTexts,
  settings: settingsTexts,
  signIn: signInTexts,
  tenant: tenantTexts,
  times: timeTexts,
  tokens: tokensTexts,
  webhook: webhookTexts,
  webhookAuthorization: webhookAuthorizationTexts,
  webhooks: webhooksTexts,
};

/** What a language must have. */
export type Texts = typeof texts;
