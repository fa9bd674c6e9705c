/** One pino root per process. Secrets and personal data are cut here, not at each call. */
import { type DestinationStream, type Logger, pino } from "pino";

export type { Logger };

// The second fence: no call logs these on purpose. pino's `*` reaches one level, so deeper places are named.
const REDACTED = [
  "authorization",
  "password",
  "token",
  "*.authorization",
  "*.password",
  "*.token",
  "*.cookie",
  "req.headers.authorization",
  "req.headers.cookie",
  "err.config",
  "err.parameters",
];

/**
 * @param options - `service` names the process in every line
 * @param destination - where lines go; stdout unless a test listens
 */
export function createLogger(
  options: { readonly service: string; readonly level: string },
  destination?: DestinationStream,
): Logger {
  return pino(
    {
      level: options.level,
      base: { service: options.service },
      redact: { paths: REDACTED, censor: "[redacted]" },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: serializeError },
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
}

/** What an operator needs of an error. Postgres puts row values into `detail`, so that is left out. */
function serializeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code } = error as Error & { code?: unknown };
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === "string" && { code }),
    ...(error.cause !== undefined && { cause: serializeError(error.cause) }),
    stack: error.stack,
  };
}
