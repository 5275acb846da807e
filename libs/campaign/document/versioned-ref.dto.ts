import 'reflect-metadata';
import { IsString, MaxLength } from 'class-validator';
import { IsVersion, limit } from '../../protocol/document/decorators';

/** A versioned thing: a collection, a standard, a protocol. */
export class VersionedRef {
  /** Name. */
  @IsString()
  @MaxLength(64, limit)
  id: string;

  /** Version in quotes: `"1"`. */
  @IsVersion()
  version: string;
}

/** The reference to an id and version, as a document class: class-validator looks into instances only. */
export const versionedRef = (id: string, version: string): VersionedRef =>
  Object.assign(new VersionedRef(), { id, version });
