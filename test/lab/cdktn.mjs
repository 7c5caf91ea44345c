// Preloaded (`node --import`) to synthesise the stacks under `cdktn`, the continuation of `cdktf`: every import of the
// one, the generated bindings' included, becomes the other.
import { registerHooks } from 'node:module';

registerHooks({
  resolve: (specifier, context, next) => next(specifier === 'cdktf' ? 'cdktn' : specifier, context),
});
