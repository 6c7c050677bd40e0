/** The whole configuration: the base keys and a section for each part that has settings. */
import { z } from "zod";
import { baseShape } from "./schema.ts";
import * as sections from "./sections.ts";

export const configSchema = z.strictObject({ ...baseShape, ...sections });
export type Config = z.output<typeof configSchema>;
