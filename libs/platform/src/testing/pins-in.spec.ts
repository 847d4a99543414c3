import { pinsIn } from './pins-in';

test.each(['{"code":"4821"}', 'the PIN 4821.', 'code=4821&name=Guest', '4821', 'a,4821,b'])(
  '%s has the PIN',
  (text) => {
    expect(pinsIn(text, '9999', '4821')).toEqual(['4821']);
    expect(pinsIn(text, '48\\d\\d')).toEqual(['48\\d\\d']);
  },
);

test.each([
  'c96a8118-8242-4e28-4821-47e94821f4fa',
  '{"box":"v1.Rf4821wUvK-4821_pA"}',
  '{"time":1795746148210}',
  '2026-11-27T04:48:21.482193Z',
  'after 0.4821 s',
])('%s has none', (text) => {
  expect(pinsIn(text, '4821')).toEqual([]);
});
