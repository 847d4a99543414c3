export interface SimulatedAbilities {
  readonly users?: number;
  /** It keeps windows by itself; left out: it does. */
  readonly schedules?: boolean;
}

export interface MadeLock {
  readonly serial: string;
  readonly pairingCode: string;
  /** What its QR code says. */
  readonly qrCode: string;
  /** On 127.0.0.1, UDP. */
  readonly port: number;
}

export type AskedOfLocks =
  | {
      readonly ask: 'make';
      readonly serial: string;
      readonly port: number;
      readonly abilities: SimulatedAbilities;
    }
  | { readonly ask: 'online'; readonly serial: string; readonly online: boolean }
  /** In which places it has users. */
  | { readonly ask: 'users'; readonly serial: string }
  /** It tells of an alarm, by the number that the specification gives it. */
  | { readonly ask: 'alarm'; readonly serial: string; readonly code: number }
  /** Does the next write, and falls silent before it answers: of a PIN, or already of the user that is to have it. */
  | { readonly ask: 'lose-next'; readonly serial: string; readonly write: 'pin' | 'user' }
  | { readonly ask: 'opens'; readonly serial: string; readonly pin: string; readonly at: number }
  | {
      readonly ask: 'by-hand';
      readonly serial: string;
      readonly slot: number;
      readonly name: string;
      /** Null: the place is emptied. */
      readonly pin: string | null;
    };
