// An OpenID provider for tests: oidc-provider with a few people, each by the way they sign in. Reads its settings from
// the first argument (JSON): {port, people: {sub: claims}, clients: [...]}. Prints "ready" when it listens.
import { Provider } from 'oidc-provider';

const given = JSON.parse(process.argv[2]);
const issuer = `http://127.0.0.1:${given.port}`;

const provider = new Provider(issuer, {
  clients: given.clients,
  // a person is whoever types their sub: the login page of oidc-provider's own development screens takes any password
  async findAccount(_ctx, sub) {
    const claims = given.people[sub];
    return claims && { accountId: sub, claims: async () => ({ sub, ...claims }) };
  },
  claims: { openid: ['sub', 'acr', 'amr', 'auth_time'], email: ['email', 'email_verified'], profile: ['name'] },
  conformIdTokenClaims: false, // e-mail and name stand in the ID token, as with most providers
  pkce: { required: () => true },
  cookies: { keys: ['of the tests'] },
  features: { devInteractions: { enabled: true } },
  ttl: { AuthorizationCode: 60, AccessToken: 300, IdToken: 300, Interaction: 600, Session: 3600, Grant: 3600 },
});

provider.listen(given.port, '127.0.0.1', () => console.log('ready'));
