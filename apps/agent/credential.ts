/** What a device shows the api. */
export interface Credential {
  /** Bearer token of the next request. */
  readonly token: string;
  /** Told that a token was refused. @returns whether another one is worth a try. */
  refused(token: string): Promise<boolean>;
  /** Told that a token was accepted. */
  accepted(token: string): Promise<void>;
}

/** A credential that never changes. */
export function fixedCredential(token: string): Credential {
  return { token, refused: () => Promise.resolve(false), accepted: () => Promise.resolve() };
}
