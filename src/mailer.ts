/** The mail server of an installation, out of its configuration. */
import { type Config, ConfigError } from "./platform/config.ts";
import { createMailer, type Mailer } from "./platform/mail.ts";

/** @returns undefined without SMTP_HOST */
export function mailerOf(config: Config): Mailer | undefined {
  const { SMTP_HOST: host, SMTP_FROM: from, SMTP_USER: user, SMTP_PASSWORD: pass } = config;
  if (host === undefined) return undefined;
  if (from === undefined) throw new ConfigError("SMTP_HOST is set without SMTP_FROM");
  if ((user === undefined) !== (pass === undefined))
    throw new ConfigError("SMTP_USER and SMTP_PASSWORD go together: one of them is not set");
  const credentials = user === undefined || pass === undefined ? undefined : { user, pass };
  return createMailer({ host, from, credentials, port: config.SMTP_PORT, security: config.SMTP_TLS });
}
