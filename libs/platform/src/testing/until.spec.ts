import { until } from './until';

describe('waiting for a condition', () => {
  it('returns the first truthy value', async () => {
    const seen = [undefined, 0, '', 'here', 'later'];
    expect(await until(() => seen.shift(), { every: 0 })).toBe('here');
  });

  it('fails when there is none in time, and says for what it waited', async () => {
    const never = until(() => Promise.resolve(false), { what: 'the door opens', within: 0, every: 0 });
    await expect(never).rejects.toThrow('still not so after 0 ms: the door opens');
  });

  it('passes on what looking throws', async () => {
    const broken = until(() => Promise.reject(new Error('broken')));
    await expect(broken).rejects.toThrow('broken');
  });
});
