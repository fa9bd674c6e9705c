/** Gives a route its label in metrics, which must be one of few. */
import type { NextFunction, Request, Response } from "express";
import { contextOf } from "../context.ts";

export function named(operation: string) {
  return (_request: Request, response: Response, next: NextFunction): void => {
    contextOf(response).operation = operation;
    next();
  };
}
