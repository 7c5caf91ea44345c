/** Binds the framework to what our resources and data sources work with, once. */
import { framework } from '../framework/index.ts';
import type { Connection } from './connection.ts';

export const holdfast = framework<Connection>();
