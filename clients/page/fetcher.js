import { createClient } from 'graphql-ws';

const endpoint = new URL('/graphql', location.href);

// fetcherWith runs operations with the headers of the header editor: subscriptions over WebSocket, all else over HTTP. Where that
// editor is empty, or not there yet as the schema is asked for, the defaults go along; {} in it means none.
export function fetcherWith(defaults) {
  return (params, { headers = defaults, documentAST } = {}) =>
    subscribes(params, documentAST) ? live(params, headers) : once(params, headers);
}

function subscribes({ operationName }, documentAST) {
  return documentAST?.definitions.some(
    (d) => d.kind === 'OperationDefinition' && d.operation === 'subscription' && (!operationName || d.name?.value === operationName),
  );
}

async function once(params, headers) {
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/graphql-response+json, application/json', ...headers },
    body: JSON.stringify(params),
  });
  return answer.json();
}

// live opens a socket of its own for each stream, since a socket belongs to the token it began with. It does not retry: a person
// is looking, and would rather be told.
async function* live(params, headers) {
  const url = new URL(endpoint);
  url.protocol = url.protocol.replace('http', 'ws');
  const client = createClient({ url: url.href, connectionParams: headers, retryAttempts: 0 });
  try {
    yield* client.iterate(params);
  } catch (fault) {
    throw fault instanceof CloseEvent ? new Error(`The server closed the socket: ${fault.code} ${fault.reason}`.trim()) : fault;
  } finally {
    client.dispose();
  }
}
