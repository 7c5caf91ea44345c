// What `cdktf synth` and `cdktf deploy` run: every stack of this project, with its settings from cdktf.json.
import { App } from './cdktf.ts';
import { keepStateInS3 } from './constructs/state.ts';
import { LocalStack } from './local.ts';
import { onpremSettings } from './onprem-settings.ts';
import { OnpremStack } from './onprem.ts';
import { localSettings, stateSettings } from './settings.ts';

const app = new App();
const state = stateSettings(app.node.tryGetContext('state'));
const stacks = [new LocalStack(app, 'local', localSettings(app.node.tryGetContext('local')))];
const onprem: unknown = app.node.tryGetContext('onprem');
// There is no cluster without machines: this stack is there only where cdktf.json names them.
const all = onprem === undefined ? stacks : [...stacks, new OnpremStack(app, 'onprem', onpremSettings(onprem))];
if (state !== undefined) for (const stack of all) keepStateInS3(stack, state);
app.synth();
