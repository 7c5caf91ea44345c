/** What every noun in the store and in the API has in common. Times are ISO 8601 in UTC. */

export type Labels = Readonly<Record<string, string>>;

/** Something observed that is not as it should be; the message says what, the hint what to do. */
export interface Condition {
  readonly type: string;
  readonly message: string;
  readonly hint: string;
  /** When it was first seen. */
  readonly since: string;
}

export interface ObjectRecord<Spec, Status> {
  readonly id: string;
  readonly name: string;
  /** Raised by every change of spec, labels or name; send it back to change only what you saw. */
  readonly version: number;
  /** Who made it (a Terraform configuration's `owner`, else ""). */
  readonly owner: string;
  readonly labels: Labels;
  readonly spec: Spec;
  readonly status: Status;
  readonly created_at: string;
}
