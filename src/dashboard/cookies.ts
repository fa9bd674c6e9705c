/**
 * The console's cookies: one holds the session's id, one stands in for it on the sign-in form, and one what a browser
 * brings back from an identity provider. Over TLS
 * they carry the `__Host-` prefix, so that no other host of the domain can set them; plain HTTP is for loopback.
 */

export interface Cookies {
  readonly session: CookieSpec;
  readonly form: CookieSpec;
  /** Sealed; for the minutes that somebody is away at an identity provider. */
  readonly flow: CookieSpec;
}

export interface CookieSpec {
  readonly name: string;
  set(value: string): string;
  clear(): string;
}

/** @param secure - false only where browsers reach the console over plain HTTP on loopback */
export function createCookies(secure: boolean): Cookies {
  return {
    session: spec("rollcall", secure),
    form: spec("rollcall-form", secure),
    flow: spec("rollcall-flow", secure),
  };
}

function spec(bareName: string, secure: boolean): CookieSpec {
  const name = secure ? `__Host-${bareName}` : bareName;
  const attributes = `Path=/; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`;
  return {
    name,
    set: (value) => `${name}=${value}; ${attributes}`,
    clear: () => `${name}=; ${attributes}; Max-Age=0`,
  };
}

// What we set is base64url; anything else is not ours and is taken for absent.
const VALUE = /^[A-Za-z0-9_-]{1,1024}$/;

/** Reads one cookie of a request. @param header - its `Cookie` header */
export function readCookie(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? "").split(";")) {
    const [key, value = ""] = pair.trim().split("=", 2);
    if (key === name) return VALUE.test(value) ? value : undefined;
  }
  return undefined;
}
