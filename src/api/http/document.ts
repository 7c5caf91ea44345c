/** The frame of the OpenAPI document: everything else in it comes from the schemas and routes. */
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';

export const documentOptions = (version: string): FastifyDynamicSwaggerOptions => ({
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Holdfast',
      version,
      description: 'Volumes that hold fast while containers move. Served on a root-only unix socket, /run/holdfast/holdfast.sock, and in a cluster over TLS 1.3 with client certificates, where the role in the certificate says what is allowed. '
        + 'Units: `*_bytes` and `*_ms` are whole numbers below 2^53. Unknown fields and parameters are refused. '
        + 'A change that is not done within 20 seconds is answered with 202 and an operation. '
        + 'Lists come in pages: `limit` and `cursor` in, `items` and `next` out.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: [
      { url: 'http://localhost', description: 'Any host name: the connection is the unix socket.' },
      { url: 'https://{node}:7480', description: 'Any node of a cluster.', variables: { node: { default: 'localhost', description: 'Host name or address of the node.' } } },
    ],
    tags: [
      { name: 'volumes', description: 'What containers mount.' },
      { name: 'trash', description: 'Deleted volumes that can be restored.' },
      { name: 'pools', description: 'Backing capacity on a node.' },
      { name: 'snapshots', description: 'Point-in-time copies of volumes.' },
      { name: 'nodes', description: 'Machines of the cluster, and who holds its control store.' },
      { name: 'identities', description: 'Who may do what: tokens, certificates, the audit log.' },
      { name: 'operations', description: 'Changes that take time.' },
      { name: 'events', description: 'What happened.' },
      { name: 'system', description: 'The machine and the whole.' },
    ],
  },
  refResolver: { buildLocalReference: (json, _base, _fragment, index) => (typeof json.$id === 'string' ? json.$id : `unnamed-${index}`) },
});
