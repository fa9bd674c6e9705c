/** A real SMTP server that keeps what came and answers as it is told. */
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { SMTPServer } from "smtp-server";

export interface ReceivedMail {
  readonly to: readonly string[];
  /** As it travelled: header and body. */
  readonly raw: string;
}

export interface MailServer {
  readonly port: number;
  /** What was taken, in order. */
  readonly taken: readonly ReceivedMail[];
  /** Mails that were offered, whatever was answered. */
  offered(): number;
  /** So many of the next mails are put off, as a server does that is busy. */
  refuse(times: number): void;
  close(): Promise<void>;
}

/** Without TLS, as relays inside a network may be. */
export async function startMailServer(): Promise<MailServer> {
  const taken: ReceivedMail[] = [];
  let [offered, refusals] = [0, 0];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS", "AUTH"],
    onData(stream, session, done) {
      text(stream).then((raw) => {
        offered += 1;
        if (refusals > 0) {
          refusals -= 1;
          done(Object.assign(new Error("busy, try again later"), { responseCode: 451 }));
          return;
        }
        taken.push({ raw, to: session.envelope.rcptTo.map(({ address }) => address) });
        done();
      }, done);
    },
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.server.address() as AddressInfo).port,
    taken,
    offered: () => offered,
    refuse: (times) => (refusals = times),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
