import { Injectable } from '@nestjs/common';
import type { PipeTransform } from '@nestjs/common';
import { DomainError } from '../../errors/domain-error';

const form = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Takes a path segment that is an id; anything else names nothing. @throws DomainError `not-found` */
@Injectable()
export class IdPipe implements PipeTransform<string, string> {
  transform(value: string): string {
    const id = value.toLowerCase();
    if (!form.test(id)) throw new DomainError('not-found', `"${value}" is not an id`);
    return id;
  }
}

/** Takes a path segment that is a SHA-256 in hex. @throws DomainError `not-found` */
@Injectable()
export class Sha256Pipe implements PipeTransform<string, string> {
  transform(value: string): string {
    const digest = value.toLowerCase();
    if (!/^[0-9a-f]{64}$/.test(digest)) throw new DomainError('not-found', `"${value}" is not a SHA-256`);
    return digest;
  }
}
