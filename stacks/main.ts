// What `cdktf synth` and `cdktf deploy` run: every stack of this project, with its settings from cdktf.json.
import { App } from './cdktf.ts';
import { keepStateInS3 } from './constructs/state.ts';
import { LocalStack } from './local.ts';
import { localSettings, stateSettings } from './settings.ts';

const app = new App();
const state = stateSettings(app.node.tryGetContext('state'));
const local = new LocalStack(app, 'local', localSettings(app.node.tryGetContext('local')));
if (state !== undefined) keepStateInS3(local, state);
app.synth();
