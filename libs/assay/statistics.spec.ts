import { ssmd, zPrime } from './control-quality';
import { medianOf, robustSdOf, sdOf, slopeOf, tQuantile975 } from './statistics';

describe('small statistics', () => {
  it.each<[string, number | null, number | null]>([
    ['median of an odd number', medianOf([9, 1, 5]), 5],
    ['median of an even number', medianOf([9, 1, 5, 6]), 5.5],
    ['sample standard deviation', sdOf([2, 4, 4, 4, 5, 5, 7, 9]), Math.sqrt(32 / 7)],
    ['no standard deviation of one', sdOf([3]), null],
    ['robust standard deviation', robustSdOf([1, 2, 3, 4, 100]), 1.4826],
    ['slope', slopeOf([0, 1, 2], [1, 3, 5]), 2],
    ['t of 1 degree', tQuantile975(1), 12.7062],
    ['t of 31 degrees', tQuantile975(31), 2.03951],
    ['t of 120 degrees', tQuantile975(120), 1.97993],
  ])('%s', (_, found, expected) => {
    if (expected === null) expect(found).toBeNull();
    else expect(Math.abs(found! - expected)).toBeLessThan(1e-4);
  });
});

describe('separation of controls', () => {
  const positive = [98, 100, 102];
  const negative = [9, 10, 11];

  it.each<[string, number | null, number | null]>([
    ['classical Z′', zPrime(positive, negative, 'classical'), 1 - (3 * (2 + 1)) / 90],
    ['robust Z′', zPrime(positive, negative), 1 - (3 * 1.4826 * 3) / 90],
    ['classical SSMD', ssmd(positive, negative, 'classical'), 90 / Math.sqrt(5)],
    ['robust SSMD', ssmd(positive, negative), 90 / (1.4826 * Math.sqrt(5))],
    ['SSMD has a sign', ssmd(negative, positive, 'classical'), -90 / Math.sqrt(5)],
    ['no Z′ of equal centres', zPrime([1, 2, 3], [1, 2, 3]), null],
    ['no Z′ of single wells', zPrime([5], [1, 2]), null],
    ['no SSMD without spread', ssmd([5, 5], [1, 1]), null],
  ])('%s', (_, found, expected) => {
    if (expected === null) expect(found).toBeNull();
    else expect(found).toBeCloseTo(expected, 10);
  });

  it('lets one wild well pass only the robust Z′', () => {
    const wild = [...positive, 99, 101, 500];
    expect(zPrime(wild, negative)).toBeGreaterThan(0.8);
    expect(zPrime(wild, negative, 'classical')).toBeLessThan(0);
  });
});
