import { describe, expect, it } from '@jest/globals';
import { localSettings, stateSettings } from '../../../stacks/settings.ts';

describe('the settings of the local stack', () => {
  it('have defaults for everything', () => {
    expect(localSettings()).toEqual({ path: '/var/lib/holdfast/pools/local', webGibibytes: 1, snapshots: [] });
  });

  it('name a misspelt key and the keys that there are', () => {
    expect(() => localSettings({ webGibibyte: 2 })).toThrow('context.local.webGibibyte is not known; there are endpoint, path, devices, webGibibytes, snapshots');
  });

  it.each([[{ webGibibytes: 0 }], [{ webGibibytes: '2' }], [{ snapshots: 'a' }], [{ devices: [1] }], [{ path: '' }], [[]], [null]])('refuse %j', (context) => {
    expect(() => localSettings(context)).toThrow('cdktf.json: context.local');
  });
});

describe('the settings of the state', () => {
  it('are none by default, so that the state is a local file', () => {
    expect(stateSettings(undefined)).toBeUndefined();
  });

  it('need a bucket and a region', () => {
    expect(stateSettings({ bucket: 'b', region: 'r' })).toEqual({ bucket: 'b', region: 'r', prefix: 'holdfast' });
    expect(() => stateSettings({ bucket: 'b' })).toThrow('context.state has to be');
  });
});
