/** The console's pages as a table: method, path, who may, and the handler. */
import { showAccount, submitEndSession, submitPassword } from "./pages/account.ts";
import {
  showAccountDetails,
  submitDisable,
  submitEnable,
  submitEndAccountSession,
  submitLink,
  submitRole,
} from "./pages/account-details.ts";
import { showAccounts, submitAccount } from "./pages/accounts.ts";
import { showActivate, submitActivate } from "./pages/activate.ts";
import { showAudit } from "./pages/audit.ts";
import { showConnect, submitConnect } from "./pages/connect.ts";
import { showConnection } from "./pages/connection.ts";
import { showCycle } from "./pages/cycle.ts";
import { showCycles } from "./pages/cycles.ts";
import { showDigest, submitDigest } from "./pages/digest.ts";
import { showDialect, submitDialect } from "./pages/dialect.ts";
import { showFailed } from "./pages/failed.ts";
import { showCause, submitDismissAll, submitRetryAll } from "./pages/failed-cause.ts";
import {
  submitAssign,
  submitDismiss,
  submitNote,
  submitReopen,
  submitRetry,
} from "./pages/failure-actions.ts";
import { showFailure } from "./pages/failure.ts";
import { showGuard } from "./pages/guard.ts";
import { submitGuard, submitGuardDecision, submitGuardOff } from "./pages/guard-actions.ts";
import { showLimits, submitLimits } from "./pages/limits.ts";
import { MAPPING_PATH, showMapping } from "./pages/mapping.ts";
import { showPeople } from "./pages/people.ts";
import { showGroup, showUser } from "./pages/person.ts";
import { showOAuth, submitFederation, submitFederationRemoval, submitSecret } from "./pages/oauth.ts";
import { showOverview } from "./pages/overview.ts";
import { showRoles, submitMapping, submitMappingRemoval } from "./pages/roles.ts";
import { showSettings } from "./pages/settings.ts";
import { showTenant } from "./pages/tenant.ts";
import {
  showRevoke,
  showRevokeOne,
  showRotate,
  submitRevoke,
  submitRevokeOne,
  submitRotate,
} from "./pages/tokens.ts";
import { PRODUCT_ROUTES } from "./product-routes.ts";
import type { Route } from "./route.ts";

const FAILED = "/tenants/:slug/failed";
const CONNECTION = "/tenants/:slug/connections/:id";

const ACCOUNT = "/settings/accounts/:id";

/** All of these need a session; the pages that do without stand in public-routes.ts. */
export const ROUTES: readonly Route[] = [
  { method: "get", path: "/", needs: "viewer", mayLag: true, handle: showOverview },
  { method: "get", path: "/activate", needs: "admin", handle: showActivate },
  { method: "post", path: "/activate", needs: "admin", handle: submitActivate },
  { method: "get", path: "/settings", needs: "viewer", handle: showSettings },
  { method: "get", path: "/settings/accounts", needs: "owner", handle: showAccounts },
  { method: "post", path: "/settings/accounts", needs: "owner", handle: submitAccount },
  { method: "get", path: ACCOUNT, needs: "owner", handle: showAccountDetails },
  { method: "post", path: `${ACCOUNT}/role`, needs: "owner", handle: submitRole },
  { method: "post", path: `${ACCOUNT}/link`, needs: "owner", handle: submitLink },
  { method: "post", path: `${ACCOUNT}/disable`, needs: "owner", handle: submitDisable },
  { method: "post", path: `${ACCOUNT}/enable`, needs: "owner", handle: submitEnable },
  {
    method: "post",
    path: `${ACCOUNT}/sessions/:session/end`,
    needs: "owner",
    handle: submitEndAccountSession,
  },
  { method: "get", path: "/settings/audit", needs: "admin", mayLag: true, handle: showAudit },
  { method: "get", path: "/account", needs: "viewer", handle: showAccount },
  { method: "post", path: "/account/password", needs: "viewer", handle: submitPassword },
  { method: "post", path: "/account/sessions/:session/end", needs: "viewer", handle: submitEndSession },
  { method: "get", path: "/tenants/:slug", needs: "viewer", mayLag: true, handle: showTenant },
  ...PRODUCT_ROUTES,
  { method: "get", path: `/tenants/:slug${MAPPING_PATH}`, needs: "viewer", handle: showMapping },
  { method: "get", path: "/tenants/:slug/roles", needs: "viewer", handle: showRoles },
  { method: "post", path: "/tenants/:slug/roles", needs: "admin", handle: submitMapping },
  { method: "post", path: "/tenants/:slug/roles/remove", needs: "admin", handle: submitMappingRemoval },
  { method: "get", path: "/tenants/:slug/connect", needs: "admin", handle: showConnect },
  { method: "post", path: "/tenants/:slug/connect", needs: "admin", handle: submitConnect },
  { method: "get", path: CONNECTION, needs: "viewer", handle: showConnection },
  { method: "get", path: `${CONNECTION}/dialect`, needs: "admin", handle: showDialect },
  { method: "post", path: `${CONNECTION}/dialect`, needs: "admin", handle: submitDialect },
  { method: "get", path: `${CONNECTION}/limits`, needs: "admin", handle: showLimits },
  { method: "post", path: `${CONNECTION}/limits`, needs: "admin", handle: submitLimits },
  { method: "get", path: `${CONNECTION}/oauth`, needs: "admin", handle: showOAuth },
  { method: "post", path: `${CONNECTION}/oauth/secret`, needs: "admin", handle: submitSecret },
  { method: "post", path: `${CONNECTION}/oauth/federation`, needs: "admin", handle: submitFederation },
  {
    method: "post",
    path: `${CONNECTION}/oauth/federation/remove`,
    needs: "admin",
    handle: submitFederationRemoval,
  },
  { method: "get", path: `${CONNECTION}/digest`, needs: "admin", handle: showDigest },
  { method: "post", path: `${CONNECTION}/digest`, needs: "admin", handle: submitDigest },
  { method: "get", path: `${CONNECTION}/rotate`, needs: "admin", handle: showRotate },
  { method: "post", path: `${CONNECTION}/rotate`, needs: "admin", handle: submitRotate },
  { method: "get", path: `${CONNECTION}/revoke`, needs: "admin", handle: showRevoke },
  { method: "post", path: `${CONNECTION}/revoke`, needs: "admin", handle: submitRevoke },
  { method: "get", path: `${CONNECTION}/tokens/:token/revoke`, needs: "admin", handle: showRevokeOne },
  { method: "post", path: `${CONNECTION}/tokens/:token/revoke`, needs: "admin", handle: submitRevokeOne },
  { method: "get", path: `${CONNECTION}/guard`, needs: "viewer", handle: showGuard },
  { method: "post", path: `${CONNECTION}/guard`, needs: "admin", handle: submitGuard },
  { method: "post", path: `${CONNECTION}/guard/off`, needs: "admin", handle: submitGuardOff },
  { method: "post", path: `${CONNECTION}/guard/decide`, needs: "admin", handle: submitGuardDecision },
  { method: "get", path: "/tenants/:slug/cycles", needs: "viewer", mayLag: true, handle: showCycles },
  { method: "get", path: "/tenants/:slug/cycles/:id", needs: "viewer", mayLag: true, handle: showCycle },
  { method: "get", path: "/people", needs: "viewer", mayLag: true, handle: showPeople },
  { method: "get", path: "/tenants/:slug/users/:id", needs: "viewer", mayLag: true, handle: showUser },
  { method: "get", path: "/tenants/:slug/groups/:id", needs: "viewer", mayLag: true, handle: showGroup },
  { method: "get", path: "/failed", needs: "viewer", mayLag: true, handle: showFailed },
  { method: "get", path: FAILED, needs: "viewer", mayLag: true, handle: showCause },
  { method: "post", path: `${FAILED}/retry`, needs: "admin", handle: submitRetryAll },
  { method: "post", path: `${FAILED}/dismiss`, needs: "admin", handle: submitDismissAll },
  { method: "get", path: `${FAILED}/:id`, needs: "viewer", mayLag: true, handle: showFailure },
  { method: "post", path: `${FAILED}/:id/retry`, needs: "admin", handle: submitRetry },
  { method: "post", path: `${FAILED}/:id/dismiss`, needs: "admin", handle: submitDismiss },
  { method: "post", path: `${FAILED}/:id/reopen`, needs: "admin", handle: submitReopen },
  { method: "post", path: `${FAILED}/:id/assign`, needs: "admin", handle: submitAssign },
  { method: "post", path: `${FAILED}/:id/note`, needs: "admin", handle: submitNote },
];
