/** /v1/tokens, /v1/join, /v1/certificates and /v1/audit. */
import { Type } from 'typebox';
import { HoldfastError } from '../../../model/errors.ts';
import { answers } from '../answers.ts';
import { callOptions } from '../headers.ts';
import { ref } from '../schema/building.ts';
import * as identity from '../schema/identity.ts';
import { byName, pageQuery, type Door } from './door.ts';

/** Whoever holds no certificate may try this many joins at once; a signature costs more than most answers. */
const MAX_JOINS = 16;

export function identityRoutes({ app, control }: Door): void {
  const tags = ['identities'];
  const tokenId = Type.Object({ token: Type.String({ minLength: 1, maxLength: 512, description: 'Id of the token.' }) });
  const serial = Type.Object({ serial: Type.String({ minLength: 1, maxLength: 512, description: 'Serial number of the certificate, lower-case hex.' }) });
  let joins = 0;
  const joining = async <T>(act: () => Promise<T>): Promise<T> => {
    if (joins >= MAX_JOINS) throw new HoldfastError('unavailable', `${MAX_JOINS} joins are in work, which is the limit`, { hint: 'Try again in a moment.' });
    joins += 1;
    try {
      return await act();
    } finally {
      joins -= 1;
    }
  };

  app.post('/v1/tokens', {
    schema: { operationId: 'createToken', summary: 'Make a join token', tags, body: ref(identity.CreateToken), description: 'The token is shown this once; only a hash is kept.', response: answers({ 201: [identity.CreatedToken, 'It is made.'] }, 'not_found', 'conflict', 'failed_precondition') },
  }, async (request, reply) => reply.code(201).header('cache-control', 'no-store').send(await control.createToken(request.body, callOptions(request))));

  app.get('/v1/tokens', {
    schema: { operationId: 'listTokens', summary: 'List join tokens', tags, querystring: Type.Object(pageQuery), response: answers({ 200: [identity.JoinTokenPage, 'A page of tokens, oldest first.'] }, 'failed_precondition') },
  }, ({ query }) => control.listTokens(query));

  app.delete('/v1/tokens/:token', {
    schema: { operationId: 'removeToken', summary: 'Withdraw a join token', tags, params: tokenId, response: { 204: { description: 'It is withdrawn.', type: 'null' }, ...answers({}, 'not_found', 'failed_precondition') } },
  }, async (request, reply) => {
    await control.removeToken(request.params.token, callOptions(request));
    return reply.code(204).send(null);
  });

  app.post('/v1/join', {
    schema: {
      operationId: 'joinNode', summary: 'Join as a node, with a token', tags, body: ref(identity.JoinNode),
      description: 'Needs no certificate. The same token with the same keys again gets the same answer, until it expires.',
      response: answers({ 200: [identity.JoinAnswer, 'The machine is a node.'] }, 'permission_denied', 'conflict', 'failed_precondition'),
    },
  }, (request) => joining(() => control.joinNode(request.body)));

  app.post('/v1/join/client', {
    schema: {
      operationId: 'joinClient', summary: 'Get a client certificate, with a token', tags, body: ref(identity.JoinClient),
      description: 'Needs no certificate. The same token with the same key again gets the same answer, until it expires.',
      response: answers({ 200: [identity.JoinClientAnswer, 'The certificate.'] }, 'permission_denied', 'conflict', 'failed_precondition'),
    },
  }, (request) => joining(() => control.joinClient(request.body)));

  app.get('/v1/certificates', {
    schema: { operationId: 'listCertificates', summary: 'List certificates', tags, querystring: Type.Object({ ...byName, ...pageQuery }), response: answers({ 200: [identity.CertificatePage, 'A page of certificates, oldest first.'] }, 'failed_precondition') },
  }, ({ query }) => control.listCertificates(query));

  app.post('/v1/certificates', {
    schema: { operationId: 'signClient', summary: 'Sign a client\'s certificate', tags, body: ref(identity.SignCertificate), response: answers({ 201: [identity.SignedCertificate, 'It is signed.'] }, 'failed_precondition') },
  }, async (request, reply) => reply.code(201).send(await control.signClient(request.body, callOptions(request))));

  app.post('/v1/certificates/renew', {
    schema: { operationId: 'renewCertificate', summary: 'Get a new certificate under the one shown', tags, body: ref(identity.RenewCertificate), description: 'The name and role stay as they are in the certificate of the connection.', response: answers({ 200: [identity.RenewedCertificate, 'New certificates.'] }, 'permission_denied', 'failed_precondition') },
  }, (request) => control.renewCertificate(request.body, request.caller));

  app.post('/v1/certificates/:serial/revoke', {
    schema: { operationId: 'revokeCertificate', summary: 'Revoke a certificate', tags, params: serial, description: 'It is refused at once, and its open connections are cut. Again: nothing to do.', response: answers({ 200: [identity.Certificate, 'The certificate as it is now.'] }, 'not_found', 'failed_precondition') },
  }, (request) => control.revokeCertificate(request.params.serial, callOptions(request)));

  app.get('/v1/audit', {
    schema: {
      operationId: 'listAudit', summary: 'Who changed what', tags,
      querystring: Type.Object({
        object: Type.Optional(Type.String({ minLength: 1, maxLength: 512, description: 'Only those about this object: its id or name.' })),
        actor: Type.Optional(Type.String({ minLength: 1, maxLength: 512, description: 'Only what was done by this one: `alice`, or `root on n1`.' })), ...pageQuery,
      }),
      response: answers({ 200: [identity.AuditPage, 'A page of entries, newest first.'] }),
    },
  }, ({ query }) => control.listAudit(query));
}
