/** Kinds of values that several groups of settings have. */
import { z } from "zod";

export const count = z.coerce.number().int().positive();
