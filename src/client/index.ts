/** What a product imports as `rollcall/client`: it asks Rollcall who may log in, and acts on the answer. */
export { createRollcallClient, type RollcallClient } from "./client.ts";
export type { LoginAnswer, LoginCheck, LoginReason, RollcallClientOptions } from "./contract.ts";
export { loginGuard, type LoginGuardOptions } from "./login-guard.ts";
export { RollcallError } from "./request.ts";
