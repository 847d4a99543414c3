import { ParsedJson } from './parsed-json';

describe('documents that are kept parsed', () => {
  it('are the same object for the same text, and another for a row that changed', () => {
    const documents = new ParsedJson<{ n: number }>(2);
    const first = documents.read('a', '{"n":1}');
    expect(first).toEqual({ n: 1 });
    expect(documents.read('a', '{"n":1}')).toBe(first);
    expect(documents.read('b', '{"n":1}')).not.toBe(first);
    expect(documents.read('a', '{"n":2}')).toEqual({ n: 2 });
    expect(documents.read('a', '{"n":1}')).toEqual({ n: 1 });
  });

  it('are kept up to a number, those that were read last', () => {
    const documents = new ParsedJson<object>(2);
    const [a, b] = [documents.read('a', '{}'), documents.read('b', '{}')];
    documents.read('a', '{}');
    documents.read('c', '{}');
    expect(documents.read('a', '{}')).toBe(a);
    expect(documents.read('b', '{}')).not.toBe(b);
  });
});
