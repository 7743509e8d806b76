import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import type { Client } from '@urql/core';

import { AdjustStockDocument, StockFeedDocument } from './generated.js';
import { products } from './products.js';
import type { Shelf } from './shelf.js';
import { follow } from './stock.js';

const cuts = 3;
const changes = 5; // before, between and after the cuts, each time
const location = 'WH-HZ'; // the demo brand's first warehouse

// demonstrate changes stock while it cuts its own socket again and again, and then holds what the stream brought against the feed,
// which knows nothing of sockets. It answers whether both say the same.
export async function demonstrate({ client, cut }: Shelf, say: (line: string) => void): Promise<boolean> {
  const sku = await firstSku(client);
  const stop = new AbortController();
  const seen: string[] = [];
  let met = 0;
  const following = (async () => {
    const onCut = (reason: string, after?: string) => {
      met++;
      say(`cut (${reason}), going on ${after ? `after ${after}` : 'from now'}`);
    };
    for await (const change of follow(client, { signal: stop.signal, onCut })) {
      seen.push(change.cursor);
      say(`${change.variant.sku} at ${change.location.code}: ${change.onHand} on hand, ${change.available} available`);
    }
  })();
  // The stream does not end by itself: when it has, it failed.
  const ended = following.then(() => Promise.reject(new Error('the stream ended')));
  ended.catch(() => {});

  const rest = await Promise.race([ended, play()]);
  stop.abort();
  await following;

  const lost = rest.filter((cursor) => !seen.includes(cursor)).length;
  const twice = seen.length - new Set(seen).size;
  const brought = seen.slice(0, seen.indexOf(rest.at(-1)!) + 1); // by now there may be more: others buy too
  const inOrder = brought.join() === [seen[0], ...rest].join();
  say(`${rest.length} changes, ${met} cuts: ${lost} lost, ${twice} twice, ${inOrder ? 'in order' : 'out of order'}`);
  return lost === 0 && twice === 0 && inOrder && met >= cuts;

  // play makes things happen, and answers what the feed says has happened since the first change seen.
  async function play(): Promise<string[]> {
    while (seen.length === 0) {
      await adjust(client, sku, 1); // until the stream is known to run
      await pause(100);
    }
    for (let round = 0; round <= cuts; round++) {
      const before = seen.length;
      for (let i = 0; i < changes; i++) await adjust(client, sku, i % 2 ? -1 : 1);
      while (seen.length === before) await pause(20); // it runs
      if (round === cuts) break;
      cut();
      while (met === round) await pause(20);
      await adjust(client, sku, -1); // while nobody listens
    }
    for (;;) {
      const feed = await fed(client, seen[0]!);
      if (feed.length >= (cuts + 1) * changes + cuts && seen.includes(feed.at(-1)!)) return feed;
      await pause(100);
    }
  }
}

async function firstSku(client: Client): Promise<string> {
  for await (const { variants } of products(client, 1)) {
    if (variants[0]) return variants[0].sku;
  }
  throw new Error('the brand has nothing for sale');
}

async function adjust(client: Client, sku: string, delta: number): Promise<void> {
  const { data, error } = await client.mutation(AdjustStockDocument, {
    input: { idempotencyKey: randomUUID(), variant: { sku }, location: { code: location }, delta, reason: 'demonstration' },
  });
  const fault = error?.message ?? data?.stockAdjust?.userErrors[0]?.message;
  if (fault) throw new Error(fault);
}

// fed are the cursors of all changes of stock that follow one.
async function fed(client: Client, after: string): Promise<string[]> {
  const cursors: string[] = [];
  for (;;) {
    const { data, error } = await client.query(StockFeedDocument, { after, first: 100 }, { requestPolicy: 'network-only' });
    if (error) throw error;
    const { edges, pageInfo } = data!.events!;
    cursors.push(...edges.map((e) => e.cursor));
    if (!pageInfo.hasNextPage) return cursors;
    after = pageInfo.endCursor!;
  }
}
