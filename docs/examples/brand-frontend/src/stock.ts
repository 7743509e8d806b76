import { setTimeout as pause } from 'node:timers/promises';

import type { Client, CombinedError } from '@urql/core';
import { toAsyncIterable } from 'wonka';

import { StockChangesDocument, type StockChangesSubscription } from './generated.js';
import { closed, why } from './shelf.js';

export type StockChange = StockChangesSubscription['stockChanged'];

export interface FollowOptions {
  // signal ends the stream.
  signal: AbortSignal;
  // after is where to go on; from now when absent.
  after?: string;
  // onCut tells of each cut, and where the stream will go on: from now when absent, and then what was read before may be out of date.
  onCut?: (reason: string, after?: string) => void;
}

// follow hands out every change of stock once and in order, whatever happens to the socket: each change carries a cursor, and a new
// stream begins after the last one that came. It ends with the signal, or throws what trying again would not mend.
export async function* follow(client: Client, { signal, after, onCut }: FollowOptions): AsyncGenerator<StockChange> {
  for (let tries = 0; !signal.aborted; tries++) {
    for await (const { data, error } of stream(client, after, signal)) {
      if (error) {
        if (tooOld(error)) after = undefined;
        else if (hopeless(error)) throw new Error(why(error));
        onCut?.(why(error), after);
        break;
      }
      if (!data) continue;
      after = data.stockChanged.cursor;
      tries = 0;
      yield data.stockChanged;
    }
    // Longer each time, up to ten seconds, and never all of us at once.
    await pause(Math.min(10_000, 100 * 2 ** tries) * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {});
  }
}

// stream is one subscription as an iterator that the signal ends.
async function* stream(client: Client, after: string | undefined, signal: AbortSignal) {
  const results = toAsyncIterable(client.subscription(StockChangesDocument, { after }))[Symbol.asyncIterator]();
  const aborted = new Promise<undefined>((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }));
  try {
    for (;;) {
      const next = await Promise.race([results.next(), aborted]);
      if (!next || next.done) return;
      yield next.value;
    }
  } finally {
    void results.return?.();
  }
}

// tooOld: the log no longer has what followed the cursor.
function tooOld({ graphQLErrors }: CombinedError): boolean {
  return graphQLErrors.some((e) => e.extensions.reason === 'CURSOR_TOO_OLD');
}

// hopeless: the server understood, and will say the same again. Its close codes are 4400 and up; 4403 is a token that is not, or no
// longer, good.
function hopeless(error: CombinedError): boolean {
  const passing = ['INTERNAL', 'RATE_LIMITED'];
  if (error.graphQLErrors.length > 0) return !error.graphQLErrors.some((e) => passing.includes(String(e.extensions.code)));
  const code = closed(error)?.code ?? 0;
  return code >= 4400 && code < 4499;
}
