/**
 * What a job runs: a captured function, or an export of a module. Equal actions share one row, found
 * by `key`, a SHA-256 over everything that determines what a run does.
 */
export interface ActionRecord extends NewAction {
  id: number;
}

/** Whether it is what was stored: its key is that of the rest. */
export type Checked<Action extends NewAction> = Action & { intact: boolean };

/** An action on its way to where it runs. */
export type CheckedAction = Checked<ActionRecord>;

export interface NewAction {
  key: string;
  /** The function's source as it was captured; '' for a module action. */
  code: string;
  /** The function's name, or the name of the export. */
  methodname: string;
  /** The file the function came from, or the URL of the module. */
  actorname: string;
  /** JSON: what restoring needs besides the code (its kind, its place in the file, which shims). */
  origin: string;
}
