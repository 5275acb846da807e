import { IsString, Length } from 'class-validator';

/** A code for the program beside a device; it is shown this once. */
export class EnrolmentAnswer {
  /** Good once: `POST /v1/enrolments` exchanges it for the credential. */
  enrolmentCode: string;
  /** ISO. */
  expiresAt: string;
}

/** An enrolment code as it was typed. */
export class ExchangeRequest {
  /** Case, dashes and spaces do not matter. */
  @IsString()
  @Length(1, 100)
  enrolmentCode: string;
}

/** The device's credential; it is shown this once. */
export class CredentialAnswer {
  /** Bearer token. */
  token: string;
}

/** Which device the code was of, and its credential. */
export class ExchangedAnswer extends CredentialAnswer {
  /** Code of the device. */
  device: string;
}

/** What a revocation ended. */
export class RevokedAnswer {
  /** Tokens that were good until now. */
  revoked: number;
}
