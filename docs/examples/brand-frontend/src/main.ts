import { configFrom } from './config.js';
import { demonstrate } from './demonstrate.js';
import { describe, products } from './products.js';
import { openShelf, type Shelf } from './shelf.js';
import { follow } from './stock.js';

const commands: Record<string, (shelf: Shelf) => Promise<boolean>> = {
  async products({ client }) {
    for await (const product of products(client)) console.log(describe(product));
    return true;
  },

  async watch({ client }) {
    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort());
    const onCut = (reason: string) => console.log(`cut (${reason}), trying again`);
    for await (const change of follow(client, { signal: stop.signal, onCut })) {
      console.log(`${change.variant.sku} at ${change.location.code}: ${change.onHand} on hand, ${change.reserved} promised, ${change.available} available`);
    }
    return true;
  },

  demonstrate: (shelf) => demonstrate(shelf, console.log),
};

const command = commands[process.argv[2] ?? ''];
if (!command) {
  console.error(`say one of: ${Object.keys(commands).join(', ')}`);
  process.exit(2);
}
let shelf: Shelf | undefined;
try {
  shelf = openShelf(configFrom(process.env));
  if (!(await command(shelf))) process.exitCode = 1;
} catch (fault) {
  console.error(fault instanceof Error ? fault.message : fault);
  process.exitCode = 1;
} finally {
  shelf?.close();
}
