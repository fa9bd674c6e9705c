/** One e-mail by SMTP: bounded in time, over TLS unless settings say otherwise, plain text. */
import { createTransport } from "nodemailer";
import { z } from "zod";

export interface MailSettings {
  readonly host: string;
  readonly port: number;
  /** From the first byte, before anything is said, or not at all. */
  readonly security: "tls" | "starttls" | "none";
  readonly credentials: { readonly user: string; readonly pass: string } | undefined;
  readonly from: string;
}

export interface Mail {
  /** The same in every attempt, so that a mailbox may know a repetition. */
  readonly id: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
}

export interface Mailer {
  /** @returns what went wrong, where something did; never rejects */
  send(mail: Mail): Promise<MailResult>;
}

export interface MailResult {
  readonly isSent: boolean;
  readonly error: string | null;
}

/** What the server said of a mail that it took. */
const Sent = z.object({ rejected: z.array(z.unknown()).default([]) });

// Of each step of the conversation.
const TIMEOUT_MS = 10_000;

export function createMailer({ host, port, security, credentials, from }: MailSettings): Mailer {
  const transport = createTransport({
    ...{ host, port, connectionTimeout: TIMEOUT_MS, greetingTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS },
    secure: security === "tls",
    // A server that does not offer TLS is not talked to, rather than in the clear.
    requireTLS: security === "starttls",
    ignoreTLS: security === "none",
    ...(credentials && { auth: credentials }),
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const domain = /@([\w.-]+)/.exec(from)?.[1] ?? "rollcall.invalid";
  return {
    async send({ id, to, subject, text }) {
      try {
        const sent: unknown = await transport.sendMail({
          ...{ from, to: [...to], subject, text },
          messageId: `<${id}@${domain}>`,
          headers: { "Auto-Submitted": "auto-generated" },
        });
        // Repeating it would send it twice to those who have it.
        const left = Sent.parse(sent).rejected.length;
        return { isSent: true, error: left === 0 ? null : `${left} of ${to.length} addresses were refused` };
      } catch (error) {
        return { isSent: false, error: withoutAddresses(error, to) };
      }
    },
  };
}

/** Servers like to repeat whom they refuse; that belongs neither in a log nor on a page. */
function withoutAddresses(error: unknown, addresses: readonly string[]): string {
  const text = error instanceof Error ? error.message : String(error);
  const said = addresses.reduce((rest, address) => rest.replaceAll(address, "<address>"), text);
  return said.replace(/\p{Cc}+/gu, " ").slice(0, 500);
}
