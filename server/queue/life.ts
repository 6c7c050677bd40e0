/** What all parts of the queue look at. */
export type Life = {
  running: boolean;
  /** How often what holds mail up has changed. */
  changes: number;
};
