// The one place where the generated bindings of our provider are imported (`make build` writes them from the
// provider's own schema). Constructs wrap these classes; a stack never uses them directly.
export { cluster, dataHoldfastPool, node, pool, provider, snapshot, volume } from './.gen/holdfast/index.js';
