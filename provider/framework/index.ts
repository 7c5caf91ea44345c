/** Everything a provider's own code may use of the framework. What is not exported here may change at any time. */
export { t, type Attribute, type Attributes, type ConfigOf, type DraftOf, type PlanOf, type PlanModifier, type StateOf, type Validator } from './attribute.ts';
export {
  framework, FunctionError, NotConfigured, providerFunction, type ApplyContext, type Context, type DataSourceDefinition, type IdentityOf, type ImportTarget, type Json, type PlanChange,
  type PlanContext, type PrivateState, type ProviderDefinition, type Reporter, type ResourceContext, type ResourceDefinition,
} from './definition.ts';
export { formatPath, ProviderError, type Path, type Problem } from './diagnostics.ts';
export { parseDuration, timeouts } from './timeouts.ts';
export { between, matching, oneOf, parsedBy, sizeBetween } from './validators.ts';
export { serveProvider } from './serve.ts';
