/** What browsers may do with our pages: nothing but our own stylesheet and script. The board styles itself, and gets its own policy. */
import type { RequestHandler } from "express";
import helmet from "helmet";

const NONE = ["'none'"];
const SELF = ["'self'"];

/** For all pages that are ours: no script but our own file, nothing inline. @param isTls - adds HSTS */
export function pagePolicy(isTls: boolean): RequestHandler {
  const policy = protect(isTls, {
    defaultSrc: NONE,
    scriptSrc: SELF,
    styleSrc: SELF,
    imgSrc: SELF,
    connectSrc: SELF,
    formAction: SELF,
    baseUri: NONE,
    frameAncestors: NONE,
  });
  // The board's policy was set before and must not be replaced.
  return (request, response, next) => {
    if (response.hasHeader("Content-Security-Policy")) next();
    else policy(request, response, next);
  };
}

/** For Bull Board: its own scripts, and styles it writes into the page. Its web fonts stay out. */
export function boardPolicy(isTls: boolean): RequestHandler {
  return protect(isTls, {
    defaultSrc: NONE,
    scriptSrc: SELF,
    styleSrc: [...SELF, "'unsafe-inline'"],
    imgSrc: [...SELF, "data:"],
    connectSrc: SELF,
    fontSrc: SELF,
    baseUri: SELF,
    formAction: NONE,
    frameAncestors: NONE,
  });
}

function protect(isTls: boolean, directives: Record<string, string[]>): RequestHandler {
  return helmet({
    contentSecurityPolicy: { useDefaults: false, directives },
    // As the server says it where it ends TLS itself: other hosts of the domain are not ours to decide for.
    strictTransportSecurity: isTls && { maxAge: 31_536_000, includeSubDomains: false },
    crossOriginOpenerPolicy: { policy: "same-origin" },
    referrerPolicy: { policy: "same-origin" },
    xFrameOptions: { action: "deny" },
  });
}
