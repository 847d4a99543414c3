import { HOUR } from '@latchkey/platform';
import fc from 'fast-check';
import { MemoryTokenStore } from '../testing/memory-token-store';
import { ScriptedMaker } from '../testing/scripted-maker';
import { HttpLockGateway } from './http-lock-gateway';
import { exchangeCode } from './oauth';
import { scrub, scrubErrorCode } from './scrub';
import { MalformedReport, parseReport } from './webhooks';

const now = Date.parse('2026-03-02T10:00:00.000Z');
const lock = { accountId: 'account-1', maker: 'acme', lockId: 'front-door' };
const tokens = {
  accessToken: 'accesstoken-Zx9',
  refreshToken: 'refreshtoken-Qw7',
  expiresAt: now + HOUR,
  userId: 'owner',
};
const pin = fc.stringMatching(/^[0-9]{4,12}$/);

/** Text around a secret, which may itself be spelled in ways that makers and their libraries spell things. */
const echo = (secret: string) =>
  fc
    .tuple(
      fc.string(),
      fc.constantFrom(
        secret,
        [...secret].join(' '),
        [...secret].join('-'),
        [...secret].join('\u200b'),
        [...secret].join(', '),
        encodeURIComponent(secret),
        [...secret]
          .map((char) => (/\d/.test(char) ? String.fromCharCode(char.charCodeAt(0) + 0xfee0) : char))
          .join(''),
      ),
      fc.string(),
    )
    .map((parts) => parts.join(''));

/** Whether the PIN's digits stand in the text one after the other, whatever is between them. */
const tells = (text: string, secretPin: string) =>
  text
    .normalize('NFKC')
    .replace(/[^0-9]/g, '')
    .includes(secretPin);

describe('secrets', () => {
  let server: ScriptedMaker;
  let gateway: HttpLockGateway;

  beforeAll(async () => {
    server = await ScriptedMaker.start();
    gateway = new HttpLockGateway({
      makers: new Map([['acme', server.lockMaker]]),
      tokens: new MemoryTokenStore({ 'account-1': tokens }),
      clock: { now: () => now },
    });
  });

  afterAll(async () => {
    await gateway.close();
    await server.close();
  });

  it('never come back in what the gateway says, whatever the maker answers', async () => {
    const { clientSecret } = server.lockMaker;
    const answer = pin.chain((sentPin) =>
      fc.record({
        sentPin: fc.constant(sentPin),
        status: fc.constantFrom(200, 201, 400, 403, 404, 409, 422, 429, 500, 503),
        body: fc.oneof(
          fc.record({
            error_code: fc.oneof(fc.constant('PIN_CONFLICT'), echo(sentPin), fc.constant(`PIN_${sentPin}`)),
            message: fc.oneof(...[sentPin, tokens.accessToken, tokens.refreshToken, clientSecret].map(echo)),
          }),
          echo(sentPin),
          fc.record({ access_code_id: fc.record({ [sentPin]: fc.constant(sentPin) }) }),
        ),
      }),
    );
    await fc.assert(
      fc.asyncProperty(
        answer,
        fc.constantFrom('program', 'change'),
        async ({ sentPin, status, body }, how) => {
          server.reply = () => ({ status, body });
          const code = { name: 'Guest', pin: sentPin, window: null };
          const said =
            how === 'program' ? await gateway.program(lock, code) : await gateway.change(lock, 'c', code);
          const text = JSON.stringify({ ...said, retryAfterMs: 0 }).replace(/HTTP.\d{3}/g, '');
          expect(tells(text, sentPin)).toBe(false);
          for (const secret of [tokens.accessToken, tokens.refreshToken, clientSecret]) {
            expect(text).not.toContain(secret);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('of other codes that a list names do not come back when the list is not understood', async () => {
    server.reply = () => ({ status: 200, body: { access_codes: [{ access_code_id: 'c', code: 250_713 }] } });
    const said = await gateway.list(lock);
    expect(said).toMatchObject({ kind: 'unknown', message: expect.stringContaining('access_codes.0.code') });
    expect(JSON.stringify(said)).not.toContain('250713');
  });

  it('that were to buy tokens do not come back', async () => {
    const body = {
      error: 'the-code',
      error_description: 'the-code client-secret-0123456789',
      message: 'the-code',
    };
    server.reply = () => ({ status: 400, body });
    const said = await exchangeCode(
      server.lockMaker,
      { code: 'the-code', redirectUri: 'https://here/back' },
      {
        clock: { now: () => now },
      },
    );
    expect(said).toMatchObject({ kind: 'refused', message: 'Acme Locks gives no tokens (HTTP_400).' });
    expect(JSON.stringify(said)).not.toMatch(/the-code|client-secret/);
  });

  it('do not come back from a report that cannot be read', () => {
    const body = {
      event_type: 'access_code.created',
      device_id: 'd',
      access_code_id: 'c',
      status: '25807',
      code: '25807',
    };
    expect(() => parseReport(body)).toThrow(new MalformedReport("The report's status is missing or wrong."));
  });

  it('are scrubbed from any text', () => {
    fc.assert(
      fc.property(
        pin.chain((secret) => fc.tuple(fc.constant(secret), echo(secret))),
        ([secret, text]) => {
          expect(tells(scrub(text, []), secret)).toBe(false);
          expect(scrub(text, [secret])).not.toContain(secret);
        },
      ),
    );
  });

  it('leave the words around them', () => {
    expect(scrub('The PIN 2580 is\ntaken by "Bob".', ['2580'])).toBe('The PIN • is taken by "Bob".');
    expect(scrub('Slot 12 of 50 holds it', [])).toBe('Slot •• of •• holds it');
    expect(scrub('Lock 7 is jammed', [])).toBe('Lock 7 is jammed');
    expect(scrub('token eyJhbGciOiJIUzI1NiJ9.e30.abc is bad', [])).toBe('token • is bad');
    expect(scrub('no '.repeat(100), [])).toHaveLength(201);
  });

  it.each([
    ['DEVICE_OFFLINE', 'DEVICE_OFFLINE'],
    ['device-offline', 'DEVICE_OFFLINE'],
    ['E104', 'E104'],
    ['TAKEN_BY_1470', null],
    ['PIN_2580_TAKEN', null],
    ['P2_5_8_0', null],
    ['', null],
    ['no spaces', null],
    [17, null],
    [null, null],
    ['A'.repeat(65), null],
  ])('of the error code %j leave %j', (code, expected) => {
    expect(scrubErrorCode(code, ['2580'])).toBe(expected);
  });
});
