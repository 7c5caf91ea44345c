/** Status, version, capacity, the check of the store, and the health of the daemon. */
import { answers } from '../answers.ts';
import * as system from '../schema/system.ts';
import type { Door } from './door.ts';

export function systemRoutes({ app, control, version }: Door): void {
  const tags = ['system'];
  app.get('/v1/status', {
    schema: { operationId: 'getStatus', summary: 'How it is going', tags, response: answers({ 200: [system.Status, 'Counts, capacity and what needs a look.'] }) },
  }, () => control.status());

  app.get('/v1/version', {
    schema: { operationId: 'getVersion', summary: 'Who answers', tags, response: answers({ 200: [system.Version, 'Versions, and the id of the cluster.'] }) },
  }, async () => ({ version, api: 'v1', cluster_id: (await control.cluster()).id }));

  app.get('/v1/cluster', {
    schema: { operationId: 'getCluster', summary: 'Read the cluster', tags, response: answers({ 200: [system.Cluster, 'The cluster.'] }) },
  }, () => control.cluster());

  app.get('/v1/capacity', {
    schema: { operationId: 'getCapacity', summary: 'What is promised and what is left', tags, response: answers({ 200: [system.Capacity, 'Over all pools, and by pool.'] }) },
  }, () => control.capacity());

  app.post('/v1/store/check', {
    schema: { operationId: 'checkStore', summary: 'Check the control store', tags, response: answers({ 200: [system.StoreCheck, 'What was found.'] }) },
  }, async () => {
    const faults = await control.checkStore();
    return { sound: faults.length === 0, faults };
  });

  app.get('/healthz', {
    schema: { operationId: 'getHealth', summary: 'Whether the daemon lives', tags, response: answers({ 200: [system.Health, 'It lives.'] }) },
  }, async () => ({ ok: true }));
}
