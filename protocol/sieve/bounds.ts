/** How far a script may go: what a person needs fits many times over, what harms does not. */
export type SieveBounds = {
  /** Octets of a script. */
  readonly scriptBytes: number;
  /** Tests or blocks within each other. */
  readonly nesting: number;
  /** Included scripts within each other, and in all. */
  readonly includeDepth: number;
  readonly includes: number;
  /** Octets of all scripts that one includes, each counted once. */
  readonly includedBytes: number;
  /** Work of one run, roughly comparisons of short texts. */
  readonly steps: number;
  /** Actions of one run, and those of them that send the message elsewhere. */
  readonly actions: number;
  readonly redirects: number;
  readonly notifications: number;
  /** UTF-16 units of one variable (RFC 5229 §6 asks for 4000), of all of them together, and how many there are. */
  readonly variableChars: number;
  readonly variablesChars: number;
  readonly variables: number;
  /** Highest match variable: ${31}. RFC 5229 §3.2 asks for 9. */
  readonly matchVariables: number;
  /** Octets of decoded bodies that one run looks at. */
  readonly bodyBytes: number;
  /** Header fields that a run may add. */
  readonly addedFields: number;
  /** Instructions of a compiled regular expression, and of all of a script. */
  readonly regexSize: number;
  readonly regexesSize: number;
  /** Mistakes told at once. */
  readonly mistakes: number;
};

export const defaultSieveBounds: SieveBounds = {
  scriptBytes: 256 * 1024,
  nesting: 32,
  includeDepth: 10,
  includes: 50,
  includedBytes: 256 * 1024,
  steps: 1_000_000,
  actions: 32,
  redirects: 5,
  notifications: 5,
  variableChars: 16 * 1024,
  variablesChars: 256 * 1024,
  variables: 500,
  matchVariables: 31,
  bodyBytes: 4 * 1024 * 1024,
  addedFields: 100,
  regexSize: 4000,
  regexesSize: 50_000,
  mistakes: 20,
};
