// An OpenID Connect provider for tests: node provider.mjs <folder of oidc-provider> <port> <address of the client> <key id>.
// Whoever signs in is believed; alice is an administrator, victor a viewer, everybody else nothing.
import { generateKeyPairSync } from 'node:crypto';
import { pathToFileURL } from 'node:url';

const [folder, port, client, kid] = process.argv.slice(2);
const { Provider } = await import(pathToFileURL(`${folder}/lib/index.js`).href);

const roles = { alice: ['platform-admin', 'other'], victor: ['platform-viewer'] };
const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: 'platform',
    client_secret: 'the-secret-of-the-client',
    redirect_uris: [`${client}/auth/callback`],
    post_logout_redirect_uris: [`${client}/auth/signed-out`],
    grant_types: ['authorization_code'],
    response_types: ['code'],
  }],
  pkce: { required: () => true },
  jwks: { keys: [{ ...key, kid, use: 'sig', alg: 'RS256' }] },
  cookies: { keys: ['a-key-of-a-test'] },
  claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'realm_access'], email: ['email'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id, name: `${id} of the test`, preferred_username: id, email: `${id}@example.org`, realm_access: { roles: roles[id] ?? [] },
    }),
  }),
});
provider.listen(Number(port), '127.0.0.1', () => console.log('listening'));
