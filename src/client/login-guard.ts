/** A middleware for Express, and whatever calls its handlers alike: nobody passes whom the directory does not let in. */
import type { RollcallClient } from "./client.ts";
import type { LoginAnswer, LoginCheck } from "./contract.ts";

export interface LoginGuardOptions<Request, Response> {
  /** Who asks, as the product's session knows them; undefined for a visitor, who passes. */
  readonly person: (request: Request) => LoginCheck | undefined;
  /** Ends the session and says why; called instead of the next handler. */
  readonly refuse: (answer: LoginAnswer, request: Request, response: Response) => void;
}

export function loginGuard<Request, Response>(
  client: Pick<RollcallClient, "mayLogIn">,
  { person, refuse }: LoginGuardOptions<Request, Response>,
): (request: Request, response: Response, next: (error?: unknown) => void) => Promise<void> {
  return async (request, response, next) => {
    const check = person(request);
    if (check === undefined) {
      next();
      return;
    }
    let answer: LoginAnswer;
    try {
      answer = await client.mayLogIn(check);
    } catch (error) {
      next(error);
      return;
    }
    if (answer.allowed) next();
    else refuse(answer, request, response);
  };
}
