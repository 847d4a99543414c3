import { parseFailedRequest } from './bridge-log';

const said = (message: string, level = 'error') => JSON.stringify({ message, level });

const timeout =
  `z2m: Publish 'set' 'pin_code' to 'Haustür, 1. Stock' failed: 'Error: ZCL command 0x00158d0000000001/1 ` +
  `closuresDoorLock.setPinCode({"userid":12,"userstatus":1,"usertype":0,"pincodevalue":"73041"}, ` +
  `{"timeout":10000,"disableResponse":false}) failed (Timeout after 10000ms [address=6757 endpoint=1 clusterId=257 cmdId=5 tsn=17])'`;

describe('the log of Zigbee2MQTT', () => {
  it('tells that a lock did not answer, and nothing of what it was sent', () => {
    const failed = parseFailedRequest(said(timeout));
    expect(failed).toEqual({
      ...{ name: 'Haustür, 1. Stock', request: 'set', property: 'pin_code', slot: 12, cause: 'timeout' },
    });
    expect(JSON.stringify(failed)).not.toContain('73041');
  });

  it.each([
    [
      `z2m: Publish 'get' 'pin_code' to 'Door' failed: 'Error: userId must be in range for device'`,
      'no-such-slot',
    ],
    [
      `z2m: Publish 'set' 'pin_code' to 'Door' failed: 'Error: user must be in range for device'`,
      'no-such-slot',
    ],
    [`Publish 'set' 'state' to 'Door' failed: 'Error: No network route (205)'`, 'other'],
    [
      `z2m: Publish 'get' 'pin_code' to 'Door' failed: 'Error: {"address":1} timed out after 10000ms'`,
      'timeout',
    ],
  ])('tells why a request failed: %s', (message, cause) => {
    expect(parseFailedRequest(said(message))).toMatchObject({ name: 'Door', cause, slot: null });
  });

  it.each([
    [
      'what is no failure',
      said(`z2m:mqtt: MQTT publish: topic 'zigbee2mqtt/Door', payload '{"state":"LOCK"}'`, 'info'),
    ],
    ['what is no line', '{"level":"error"}'],
    ['what is no JSON', 'Publish failed'],
    ['nothing', ''],
  ])('passes over %s', (_what, text) => {
    expect(parseFailedRequest(text)).toBeNull();
  });
});
