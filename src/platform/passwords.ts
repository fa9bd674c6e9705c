/**
 * Passwords of console accounts: scrypt, its parameters kept in the stored text so that they can grow without
 * locking anyone out, and one-time passwords a person can read off a terminal.
 */
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

interface Cost {
  /** CPU and memory cost: 128 × N × r bytes. */
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

// 32 MiB and about 0.1 s a guess.
const COST: Cost = { N: 2 ** 15, r: 8, p: 1 };
// A stored text asks for no more than this, whoever wrote it.
const MEMORY_BYTES_MAX = 256 * 1024 * 1024;
const SALT_BYTES = 16;
const KEY_BYTES = 32;

/** @returns `scrypt$N$r$p$salt$key`, to be stored */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(password, salt, COST);
  return ["scrypt", COST.N, COST.r, COST.p, salt.toString("base64url"), key.toString("base64url")].join("$");
}

/** @returns false for a wrong password and for a text that is no hash of ours */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const [scheme, N, r, p, salt = "", key = ""] = stored.split("$");
  if (scheme !== "scrypt") return false;
  const wanted = Buffer.from(key, "base64url");
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  const given = await derive(password, Buffer.from(salt, "base64url"), cost);
  return wanted.length === given.length && timingSafeEqual(wanted, given);
}

// 32 signs, none of which is taken for another; so 5 bits each.
const READABLE = "abcdefghijkmnpqrstuvwxyz23456789";
const GROUPS = 4;
const GROUP_LENGTH = 5;

/** @returns a random password of 100 bits, such as `k3vfe-9xq2m-…` */
export function createReadablePassword(): string {
  const letters = [...randomBytes(GROUPS * GROUP_LENGTH)].map((byte) => READABLE[byte % READABLE.length]);
  const groups = Array.from({ length: GROUPS }, (_, index) =>
    letters.slice(index * GROUP_LENGTH, (index + 1) * GROUP_LENGTH).join(""),
  );
  return groups.join("-");
}

function derive(password: string, salt: Buffer, cost: Cost): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // One person types the same password as different code points on different keyboards.
    scrypt(
      password.normalize("NFKC"),
      salt,
      KEY_BYTES,
      { ...cost, maxmem: MEMORY_BYTES_MAX },
      (error, key) => {
        if (error === null) resolve(key);
        else reject(error);
      },
    );
  });
}
