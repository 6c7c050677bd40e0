import type { Named } from "./model.ts";
export type Sending = {
  readonly file: Named | undefined;
  providers(): readonly string[];
};
