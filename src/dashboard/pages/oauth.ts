/** OAuth 2.0 for a connection: client credentials, and whose JWTs it trusts, with the fields as Azure's form names them. */
import { recordAudit } from "../../store/audit.ts";
import { type ClientKeys, findClientKeys } from "../../store/client-keys.ts";
import {
  type Federation,
  findFederation,
  readTrust,
  removeFederation,
  setFederation,
  type Trust,
} from "../../store/oauth-clients.ts";
import {
  type Connection,
  type IssuedToken,
  listTokens,
  rotateToken,
  type Token,
} from "../../store/tenants.ts";
import { ago, date } from "../format.ts";
import { field, postButton } from "../forms.ts";
import { type Html, html } from "../html.ts";
import { type Answer, type Console, csrfField, type MemberVisit, notFound, page, redirect } from "../page.ts";
import { connectionCrumbs, connectionPath, copyable, facts, problem, table } from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { connectionOf, NO_CONNECTION } from "./named-connection.ts";
import { isLive } from "./door-state.ts";
import { clientFacts } from "./token-once.ts";

const { common, oauth: words, tokens: tokenWords } = texts;

// Two secrets are live while Azure is told the new one.
const OVERLAP_HOURS = 168;

interface Shown {
  readonly status?: number;
  readonly issued?: IssuedToken;
  readonly typed?: Trust;
  readonly wrong?: string;
}

export async function showOAuth(visit: MemberVisit, deps: Console): Promise<Answer> {
  const connection = await connectionOf(deps.database, visit.params);
  return connection === undefined ? notFound(NO_CONNECTION) : oauthPage(visit, deps, { connection });
}

/** The answer shows the secret, once. */
export async function submitSecret(visit: MemberVisit, deps: Console): Promise<Answer> {
  const connection = await connectionOf(deps.database, visit.params);
  if (connection === undefined) return notFound(NO_CONNECTION);
  const { tenantId, id: connectionId } = connection;
  const request = { tenantId, connectionId, secret: deps.secret, ttlDays: deps.tokenTtlDays };
  const actor = visit.session.login;
  const issued = await deps.database.transaction(async (tx) => {
    const made = await rotateToken(
      tx,
      { ...request, kind: "client_secret" },
      { overlapHours: OVERLAP_HOURS },
    );
    await recordAudit(tx, [{ tenantId, actor, action: "client_secret.issued", subject: `${made.hint}…` }]);
    return made;
  });
  return oauthPage(visit, deps, { connection, issued });
}

export async function submitFederation(visit: MemberVisit, deps: Console): Promise<Answer> {
  const connection = await connectionOf(deps.database, visit.params);
  if (connection === undefined) return notFound(NO_CONNECTION);
  const said = (name: string): string => visit.form.get(name) ?? "";
  const typed = { issuer: said("issuer"), subject: said("subject"), audience: said("audience") };
  const trust = trustIn(typed);
  if (typeof trust === "string") return oauthPage(visit, deps, { connection, typed, wrong: trust });
  const { tenantId, id: connectionId, tenantSlug, name } = connection;
  await deps.database.transaction(async (tx) => {
    await setFederation(tx, { tenantId, connectionId }, trust);
    const subject = `${name}: ${trust.issuer}`;
    await recordAudit(tx, [{ tenantId, actor: visit.session.login, action: "federation.set", subject }]);
  });
  return redirect(`${connectionPath(tenantSlug, connectionId)}/oauth`);
}

export async function submitFederationRemoval(visit: MemberVisit, deps: Console): Promise<Answer> {
  const connection = await connectionOf(deps.database, visit.params);
  if (connection === undefined) return notFound(NO_CONNECTION);
  const { tenantId, id: connectionId, tenantSlug, name } = connection;
  await deps.database.transaction(async (tx) => {
    if (!(await removeFederation(tx, { tenantId, connectionId }))) return;
    const actor = visit.session.login;
    await recordAudit(tx, [{ tenantId, actor, action: "federation.removed", subject: name }]);
  });
  return redirect(`${connectionPath(tenantSlug, connectionId)}/oauth`);
}

function trustIn(typed: Trust): Trust | string {
  try {
    return readTrust(typed);
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

async function oauthPage(
  visit: MemberVisit,
  deps: Console,
  { connection, issued, typed, wrong }: Shown & { readonly connection: Connection },
): Promise<Answer> {
  const { tenantId, id: connectionId } = connection;
  const federation = await findFederation(deps.database, { tenantId, connectionId });
  const keys = await findClientKeys(deps.database, { tenantId, connectionId });
  const tokens = await listTokens(deps.database, tenantId, connectionId);
  const path = connectionPath(connection.tenantSlug, connectionId);
  const body = html`${connectionCrumbs(connection)}
    <div class="medium">
      <h1>${words.title}</h1>
      <p class="lead">${words.lead}</p>
      ${wrong !== undefined && problem(wrong)}
      <section class="card stack ${issued !== undefined && "secret"}">
        <h2>${words.credentials}</h2>
        ${facts([
          [tokenWords.azure.tenantUrl, copyable("tenant-url", `${deps.publicUrl()}/scim/v2`)],
          ...clientFacts(deps, connectionId),
          ...(issued === undefined
            ? []
            : ([
                [tokenWords.azure.clientSecret, copyable("client-secret", issued.token)],
                [tokenWords.expires, date(issued.expiresAt)],
              ] as const)),
        ])}
        ${issued !== undefined && html`<p class="caution">${words.secretOnce}</p>`}
      </section>
      ${secretsSection(visit, { path, tokens, now: deps.now() })}
      ${keys !== undefined && keysSection(keys, deps.now())}
      ${federationSection(visit, { path, federation, typed, now: deps.now() })}
    </div>`;
  return page(words.title, body, { status: wrong === undefined ? 200 : 422, section: "overview" });
}

function secretsSection(
  visit: MemberVisit,
  { path, tokens, now }: { readonly path: string; readonly tokens: readonly Token[]; readonly now: Date },
): Html {
  const live = tokens.filter((token) => token.kind === "client_secret" && isLive(token, now));
  const rows = live.map((token) => [
    html`<code>${token.hint}…</code>`,
    date(token.expiresAt),
    token.lastUsedAt === null ? words.neverUsed : ago(token.lastUsedAt, now),
    html`<a href="${path}/tokens/${token.id}/revoke"
      >${words.revoke} <span class="unseen">${token.hint}</span></a
    >`,
  ]);
  const columns = words.secretColumns.map((label) => ({ label }));
  return html`<section>
    <h2>${words.secrets}</h2>
    ${live.length > 0 && table(words.secrets, columns, rows)}
    <p class="actions">
      ${postButton(visit, `${path}/oauth/secret`, live.length > 0 ? words.makeAnotherSecret : words.makeSecret, { kind: "quiet" })}
    </p>
  </section>`;
}

/** They are set by the command line, which can read a file. */
function keysSection(keys: ClientKeys, now: Date): Html {
  const { algorithm, keysUrl, createdAt, lastUsedAt } = keys;
  const lastUsed = lastUsedAt === null ? words.never : ago(lastUsedAt, now);
  return html`<section>
    <h2>${words.keys}</h2>
    <p>${words.keysTold({ algorithm, keysUrl, since: date(createdAt), lastUsed })}</p>
  </section>`;
}

interface FederationShown {
  readonly path: string;
  readonly federation: Federation | undefined;
  readonly typed: Trust | undefined;
  readonly now: Date;
}

function federationSection(visit: MemberVisit, { path, federation, typed, now }: FederationShown): Html {
  const { issuer = "", subject = "", audience = "" } = typed ?? federation ?? {};
  return html`<section>
    <h2>${words.federation}</h2>
    ${federation !== undefined && html`<p>${trustedSince(federation, now)}</p>`}
    <form class="card stack" method="post" action="${path}/oauth/federation">
      ${csrfField(visit)}
      ${field({
        name: "issuer",
        label: words.issuer,
        value: issuer,
        isRequired: true,
        charsMax: 500,
        hint: words.issuerHint,
      })}
      ${field({
        name: "subject",
        label: words.subject,
        value: subject,
        isRequired: true,
        charsMax: 500,
        hint: words.subjectHint,
      })}
      ${field({
        name: "audience",
        label: words.audience,
        value: audience,
        isRequired: true,
        charsMax: 500,
        hint: words.audienceHint,
      })}
      <div class="actions">
        <button type="submit">${federation === undefined ? words.trust : common.save}</button>
      </div>
    </form>
    ${
      federation !== undefined &&
      html`<p class="actions">
        ${postButton(visit, `${path}/oauth/federation/remove`, words.trustNoLonger, { kind: "danger" })}
      </p>`
    }
  </section>`;
}

function trustedSince({ createdAt, lastUsedAt }: Federation, now: Date): Html {
  return words.trustedSince(date(createdAt), lastUsedAt === null ? words.never : ago(lastUsedAt, now));
}
