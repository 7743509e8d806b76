// node audit.mjs URL TOKEN: holds a server against every audit that graphql-http has of GraphQL over HTTP.
import { serverAudits } from 'graphql-http';

const [url, token] = process.argv.slice(2);
const wanted = 61;

const audits = serverAudits({
  url,
  fetchFn: (input, init) => fetch(input, { ...init, headers: { ...init?.headers, Authorization: `Bearer ${token}` } }),
});
let passed = 0;
for (const audit of audits) {
  const result = await audit.fn();
  if (result.status === 'ok') {
    passed++;
  } else {
    console.log(`${result.status} ${result.id} ${result.name}: ${result.reason}`);
  }
}
console.log(`${passed} of ${audits.length} audits pass`);
process.exitCode = passed === wanted && audits.length === wanted ? 0 : 1;
