/** Starts and kills the receiver's process, always on the same port and with the same file, and reads what it took. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Taken } from "./receiver-process.ts";

const PROGRAM = join(import.meta.dirname, "receiver-process.ts");

export class OutageReceiver {
  readonly #file: string;
  #child: ChildProcess | undefined;
  #port = 0;

  /** @param file - is emptied */
  constructor(file: string) {
    this.#file = file;
    writeFileSync(file, "");
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/hooks`;
  }

  /** Takes a port before there is a secret to verify with. */
  async reserve(): Promise<void> {
    await this.start("whsec_bm90aGluZyBpcyB2ZXJpZmllZCBieSB0aGlz");
    await this.kill();
  }

  /** Resolves once it listens. @param secret - of the endpoint */
  async start(secret: string): Promise<void> {
    const child = spawn(process.execPath, ["--import", "tsx", PROGRAM, String(this.#port), this.#file], {
      env: { PATH: process.env["PATH"], WEBHOOK_SECRET: secret },
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#child = child;
    this.#port = await new Promise<number>((resolve, reject) => {
      child.once("exit", (code) => reject(new Error(`the receiver ended at start, with ${code}`)));
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        const port = /listening on (\d+)/.exec(text)?.[1];
        if (port !== undefined) resolve(Number(port));
      });
    });
  }

  /** SIGKILL; resolves once it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  }

  /** All it ever took, in order. */
  taken(): readonly Taken[] {
    const lines = readFileSync(this.#file, "utf8").split("\n");
    return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Taken);
  }
}
