import { readPairing } from './pairing';

describe('a pairing code', () => {
  it.each([
    ['34970112332', { pairingCode: '34970112332', address: null }],
    [' 3497-011-2332 ', { pairingCode: '34970112332', address: null }],
    ['3497-0112-3321-2345-67890', { pairingCode: '349701123321234567890', address: null }],
    [' mt:y.k9042c00ka0648g00 ', { pairingCode: 'MT:Y.K9042C00KA0648G00', address: null }],
    ['MT:-24J0AFN00KA0648G00@[::1]:5540', { pairingCode: 'MT:-24J0AFN00KA0648G00', address: '[::1]:5540' }],
    ['34970112332@192.168.1.20', { pairingCode: '34970112332', address: '192.168.1.20' }],
    ['34970112332@[fd00::7]:5541', { pairingCode: '34970112332', address: '[fd00::7]:5541' }],
  ])('is read from %j', (typed, pairing) => {
    expect(readPairing(typed)).toEqual(pairing);
  });

  it.each([
    '',
    '1234',
    'MT:Y.K9042C00',
    'XX:Y.K9042C00KA0648G00',
    'MT:Y.K9042C00KA0648G0_',
    '349701123321',
    '34970112332@',
    '34970112332@evil.example',
    '34970112332@1.2.3.4@5',
  ])('is not %j', (typed) => {
    expect(readPairing(typed)).toBeNull();
  });
});
