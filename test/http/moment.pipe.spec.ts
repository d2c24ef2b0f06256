import type { ArgumentMetadata } from '@nestjs/common';
import { ServiceError } from '../../src/domain/service-error.js';
import { MomentPipe } from '../../src/http/moment.pipe.js';

const FROM: ArgumentMetadata = { type: 'query', data: 'from' };

describe('a moment in a query', () => {
  const pipe = new MomentPipe();

  it('is none where the query does not say it', () => {
    expect(pipe.transform(undefined, FROM)).toBeUndefined();
  });

  it.each([
    ['1', 1],
    ['1800000000', 1_800_000_000],
    ['253402300799', 253_402_300_799],
  ])('is the number %s', (text, moment) => {
    expect(pipe.transform(text, FROM)).toBe(moment);
  });

  it.each([
    ...['', '0', '-1', '+1', '01', ' 1', '1 ', '1.0', '1e3', '0x1', '1_000', '253402300800', '9'.repeat(400)],
    ...['now', 'NaN', 'Infinity', '2026-11-25', '１', '1\n'],
    ...[['1'], ['1', '1'], {}, null, 5],
  ])('is refused as %j', (value) => {
    let refusal: unknown;
    try {
      pipe.transform(value, FROM);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(ServiceError);
    expect(refusal).toMatchObject({
      code: 'bad-request',
      detail: 'from must be a whole number from 1 to 253402300799, in Unix seconds, said once',
    });
  });
});
