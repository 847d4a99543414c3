import { Core } from '../core/core';
import { RestartableServer } from '../testing/restartable-server';

describe('the account that a sandbox begins with', () => {
  const server = new RestartableServer();
  afterEach(() => jest.restoreAllMocks());
  afterAll(() => server.discard(), 60_000);

  const locks = async () => {
    const { devices } = await server.api.ask<{ devices: object[] }>('/devices/list', {});
    return devices.length;
  };

  it('has its locks when the first start is over, also one that was cut short before', async () => {
    jest.spyOn(Core.prototype, 'settle').mockRejectedValueOnce(new Error('cut short'));
    await expect(server.start()).rejects.toThrow('cut short');
    await server.start();
    expect(await locks()).toBeGreaterThan(0);
    await server.stop();
  }, 60_000);

  it('is not waited for again: after its views were built anew, locks are read back while requests are answered', async () => {
    server.removeViews();
    const settled = jest.spyOn(Core.prototype, 'settle');
    await server.start();
    expect(settled).not.toHaveBeenCalled();
    expect(await locks()).toBeGreaterThan(0);
    await server.stop();
  }, 60_000);
});
