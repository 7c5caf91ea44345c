/** What goes wrong on the way to a machine, or on it: a constant summary for a plan, and what to do about it. */

/**
 * `unreachable`: no connection (refused, timed out, lost); only this kind is worth waiting for.
 * `untrusted`: its host key is unknown, changed or revoked. `denied`: the user was not let in, or sudo asked for a password.
 * `failed`: a command on it failed. `stopped`: Holdfast does not answer there. `settings`: what was configured cannot be used.
 */
export type MachineErrorKind = 'unreachable' | 'untrusted' | 'denied' | 'failed' | 'stopped' | 'settings';

const SUMMARIES: Readonly<Record<MachineErrorKind, string>> = {
  unreachable: 'Machine cannot be reached',
  untrusted: 'Host key is not trusted',
  denied: 'Machine refused the login',
  failed: 'Command failed on the machine',
  stopped: 'Holdfast does not answer on the machine',
  settings: 'SSH settings cannot be used',
};

export class MachineError extends Error {
  readonly kind: MachineErrorKind;
  readonly detail: string;

  constructor(kind: MachineErrorKind, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.name = 'MachineError';
    this.kind = kind;
    this.detail = detail;
  }

  get summary(): string { return SUMMARIES[this.kind]; }
}
