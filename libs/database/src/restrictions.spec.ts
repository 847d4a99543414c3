import { restrictions } from './restrictions';

describe('what a filter demands of columns', () => {
  it('is nothing where nothing is asked for', () => {
    expect(restrictions([['device_id', undefined]])).toEqual([]);
  });

  it('is one of the values, each once', () => {
    expect(
      restrictions([
        ['device_id', 'a'],
        ['device_id', ['b', 'a', 'b']],
      ]),
    ).toEqual([
      ['device_id', ['a']],
      ['device_id', ['b', 'a']],
    ]);
  });

  it('is no value at all for an empty list, which is not the same as none', () => {
    expect(restrictions([['device_id', []]])).toEqual([['device_id', []]]);
  });
});
