import { DomainError } from '../../errors/domain-error';
import { digestToInsert } from '../digest';
import { findEnzyme } from '../enzymes';
import { parseSequence } from '../sequence';
import { findPart, loadCollection, nearestPartIds, partRoles } from './collection';

const collection = loadCollection('cidar-moclo', '1');
const sites = collection.fusionSites;

describe('the CIDAR MoClo collection', () => {
  it('holds upper-case DNA under distinct ids', () => {
    for (const { sequence, id } of collection.parts) expect(parseSequence(sequence, id)).toBe(sequence);
    expect(new Set(collection.parts.map(({ id }) => id)).size).toBe(collection.parts.length);
  });

  const parts = collection.parts.filter(({ role, id }) => role !== partRoles.vector && id !== 'R0063_AB');
  it.each(parts)('$id leaves BsaI with the fusion sites of its position', (part) => {
    const { left, right } = digestToInsert(part, findEnzyme('BsaI'));
    expect([left, right]).toEqual(part.position.map((letter) => sites[letter]));
  });

  const vectors = collection.parts.filter(({ role }) => role === partRoles.vector);
  it.each(vectors)('$id receives an insert of its position', (vector) => {
    const enzyme = findEnzyme(vector.id.startsWith('DVK') ? 'BsaI' : 'BbsI');
    const { left, right } = digestToInsert(vector, enzyme);
    expect([right, left]).toEqual(vector.position.map((letter) => sites[letter]));
  });

  it('gives a citation for every strength and leaves unpublished ones out', () => {
    const rated = collection.parts.filter(({ relativeStrength }) => relativeStrength !== undefined);
    expect(rated.map(({ relativeStrength }) => collection.citations[relativeStrength?.citation ?? ''])).not.toContain(
      undefined,
    );
    expect(findPart(collection, 'J23107_EB').relativeStrength?.value).toBe(0.36);
    expect(findPart(collection, 'BCD2_BC').relativeStrength).toBeUndefined();
  });

  it('proposes the ids a misspelt one may mean', () => {
    expect(nearestPartIds(collection, 'j23106 ab')[0]).toBe('J23106_AB');
    expect(() => findPart(collection, 'B0034_BC')).toThrow(/did you mean B0034m_BC/);
  });

  it('refuses a version it does not have', () => {
    expect(() => loadCollection('cidar-moclo', '2')).toThrow(DomainError);
  });
});
