import { Client, type CombinedError, fetchExchange, subscriptionExchange } from '@urql/core';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

import type { Config } from './config.js';

// Shelf is our way to the API.
export interface Shelf {
  client: Client;
  // cut drops the socket as a lost network does: without a goodbye. For the demonstration.
  cut(): void;
  close(): void;
}

// openShelf connects as soon as something is asked. Queries and mutations go over HTTP, subscriptions over one WebSocket.
export function openShelf({ endpoint, token }: Config): Shelf {
  let socket: WebSocket | undefined;
  const live = createClient({
    url: endpoint.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket, // a browser, or Node from 22 on, has its own
    connectionParams: { Authorization: `Bearer ${token}` },
    // It would ask again from where the stream began. follow() in stock.ts asks from where it was cut.
    retryAttempts: 0,
    on: { opened: (s) => (socket = s as WebSocket) },
  });
  const client = new Client({
    url: endpoint,
    preferGetMethod: false,
    fetchOptions: {
      // urql would take a query's answer as a stream too, and gets one from a server that has streams.
      headers: { Authorization: `Bearer ${token}`, Accept: 'application/graphql-response+json, application/json' },
    },
    exchanges: [
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query = '', variables }) => ({
          subscribe: (sink) => ({
            unsubscribe: live.subscribe<any>({ query, variables: variables as Record<string, unknown> }, sink as any),
          }),
        }),
      }),
    ],
  });
  return { client, cut: () => socket?.terminate(), close: () => void live.dispose() };
}

// closed is how a socket ended, when that is what the error is about.
export function closed({ networkError }: CombinedError): { code: number; reason: string } | undefined {
  return networkError && 'code' in networkError && 'reason' in networkError ? (networkError as any) : undefined;
}

// why says what went wrong in words.
export function why(error: CombinedError): string {
  const end = closed(error);
  return end ? `the socket closed: ${end.code} ${end.reason}`.trim() : error.message;
}
