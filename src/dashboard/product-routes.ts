/** The pages of a tenant's product: people from before, the login gate, keys, webhooks. */
import { showGate, submitExemption, submitExemptionEnd, submitGate } from "./pages/gate.ts";
import { showKeyRevoke, showProductKeys, submitKeyRevoke, submitProductKey } from "./pages/product-keys.ts";
import { downloadDirectory, showDisconnect, submitDisconnect } from "./pages/disconnect.ts";
import { showLeaving, submitPersonErasure, submitTenantErasure } from "./pages/leaving.ts";
import {
  showWebhook,
  showWebhookDelete,
  submitRedelivery,
  submitSecretRotation,
  submitWebhookAuthorization,
  submitWebhookDelete,
  submitWebhookPause,
  submitWebhookResume,
  submitWebhookVersion,
} from "./pages/webhook.ts";
import { showWebhooks, submitWebhook } from "./pages/webhooks.ts";
import { downloadPreparation, showPreparation, submitForget, submitMatching } from "./pages/preparation.ts";
import { IMPORT_PATH, submitImport } from "./pages/preparation-import.ts";
import { downloadReconciliation, showReconciliation, submitReportDelete } from "./pages/reconciliation.ts";
import { LIST_UPLOAD_PATH, showReconciliations, submitList } from "./pages/reconciliations.ts";
import type { Route } from "./route.ts";

const CONNECTION = "/tenants/:slug/connections/:id";
const PREPARATION = "/tenants/:slug/preparation";
const REPORTS = "/tenants/:slug/reconciliations";
const GATE = "/tenants/:slug/gate";
const KEYS = "/tenants/:slug/keys";
const WEBHOOKS = "/tenants/:slug/webhooks";

export const PRODUCT_ROUTES: readonly Route[] = [
  { method: "get", path: PREPARATION, needs: "viewer", mayLag: true, handle: showPreparation },
  {
    method: "get",
    path: `${PREPARATION}/people.csv`,
    needs: "admin",
    mayLag: true,
    handle: downloadPreparation,
  },
  { method: "post", path: IMPORT_PATH, needs: "admin", handle: submitImport },
  { method: "post", path: `${PREPARATION}/match`, needs: "admin", handle: submitMatching },
  { method: "post", path: `${PREPARATION}/forget`, needs: "admin", handle: submitForget },
  { method: "get", path: REPORTS, needs: "viewer", mayLag: true, handle: showReconciliations },
  { method: "post", path: LIST_UPLOAD_PATH, needs: "admin", handle: submitList },
  { method: "get", path: `${REPORTS}/:id`, needs: "viewer", mayLag: true, handle: showReconciliation },
  {
    method: "get",
    path: `${REPORTS}/:id/differences.csv`,
    needs: "admin",
    mayLag: true,
    handle: downloadReconciliation,
  },
  { method: "post", path: `${REPORTS}/:id/delete`, needs: "admin", handle: submitReportDelete },
  { method: "get", path: GATE, needs: "viewer", handle: showGate },
  { method: "post", path: GATE, needs: "admin", handle: submitGate },
  { method: "post", path: `${GATE}/exempt`, needs: "admin", handle: submitExemption },
  { method: "post", path: `${GATE}/unexempt`, needs: "admin", handle: submitExemptionEnd },
  { method: "get", path: KEYS, needs: "viewer", handle: showProductKeys },
  { method: "post", path: KEYS, needs: "admin", handle: submitProductKey },
  { method: "get", path: `${KEYS}/:id/revoke`, needs: "admin", handle: showKeyRevoke },
  { method: "post", path: `${KEYS}/:id/revoke`, needs: "admin", handle: submitKeyRevoke },
  { method: "get", path: WEBHOOKS, needs: "viewer", handle: showWebhooks },
  { method: "post", path: WEBHOOKS, needs: "admin", handle: submitWebhook },
  { method: "get", path: `${WEBHOOKS}/:id`, needs: "viewer", handle: showWebhook },
  { method: "post", path: `${WEBHOOKS}/:id/pause`, needs: "admin", handle: submitWebhookPause },
  { method: "post", path: `${WEBHOOKS}/:id/resume`, needs: "admin", handle: submitWebhookResume },
  { method: "post", path: `${WEBHOOKS}/:id/redeliver`, needs: "admin", handle: submitRedelivery },
  { method: "post", path: `${WEBHOOKS}/:id/version`, needs: "admin", handle: submitWebhookVersion },
  {
    method: "post",
    path: `${WEBHOOKS}/:id/authorization`,
    needs: "admin",
    handle: submitWebhookAuthorization,
  },
  { method: "post", path: `${WEBHOOKS}/:id/secret`, needs: "admin", handle: submitSecretRotation },
  { method: "get", path: `${WEBHOOKS}/:id/delete`, needs: "admin", handle: showWebhookDelete },
  { method: "post", path: `${WEBHOOKS}/:id/delete`, needs: "admin", handle: submitWebhookDelete },
  { method: "get", path: "/tenants/:slug/leaving", needs: "viewer", handle: showLeaving },
  { method: "get", path: "/tenants/:slug/export", needs: "admin", mayLag: true, handle: downloadDirectory },
  { method: "get", path: `${CONNECTION}/disconnect`, needs: "admin", handle: showDisconnect },
  { method: "post", path: `${CONNECTION}/disconnect`, needs: "admin", handle: submitDisconnect },
  { method: "post", path: "/tenants/:slug/erase-person", needs: "owner", handle: submitPersonErasure },
  { method: "post", path: "/tenants/:slug/erase", needs: "owner", handle: submitTenantErasure },
];
