/** Text rules: what may not stand in a string, and the form in which strings without letter case are compared. */

// With the u flag the surrogate range matches lone surrogates only.
const FORBIDDEN = /[\0\ud800-\udfff]/u;

const BEYOND_ASCII = /[\u0080-\uffff]/;

/** NUL cannot be stored as jsonb, and half a surrogate pair is not Unicode. */
export function hasForbiddenCharacter(text: string): boolean {
  return FORBIDDEN.test(text);
}

/**
 * Key by which strings with caseExact=false are compared, and by which userName is unique: compatibility forms and
 * letter case gone. Idempotent. Source: RFC 7644 section 5, RFC 8265 section 3.3.
 */
export function fold(text: string): string {
  const lower = text.toLowerCase();
  if (!BEYOND_ASCII.test(lower)) return lower;
  // Lower-casing can undo the normal form; and final sigma depends on what stands around it.
  return text.normalize("NFKC").toLowerCase().normalize("NFKC").replaceAll("ς", "σ");
}

/** Orders as Postgres does with COLLATE "C": by code point, where `<` on strings goes by UTF-16 unit. */
export function compareCodePoints(left: string, right: string): number {
  const shorter = Math.min(left.length, right.length);
  for (let index = 0; index < shorter; index += 1) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return isSurrogate(a) === isSurrogate(b) ? a - b : isSurrogate(a) ? 1 : -1;
  }
  return left.length - right.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
