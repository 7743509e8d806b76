// node page.mjs URL TOKEN [FOLDER]: uses the page at / of a demo as a person would, in headless Chromium (CHROMIUM tells where it is).
// It fails on a request to anywhere else, on anything the page's policy refused, and on any fault the page tells its console.
// FOLDER gets pictures.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import puppeteer from 'puppeteer-core';

const [url, token, pictures] = process.argv.slice(2);
const patience = { timeout: 20_000, polling: 100 };

const editors = {
  query: '.graphiql-query-editor .CodeMirror',
  headers: '.graphiql-editor-tool[aria-label="Headers"] .graphiql-editor:not(.hidden) .CodeMirror',
  answer: '.graphiql-response .CodeMirror',
};

const profile = await mkdtemp(path.join(tmpdir(), 'oneshelf-page-'));
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM,
  userDataDir: profile,
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--no-first-run', '--no-default-browser-check', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  ],
  defaultViewport: { width: 1360, height: 850 },
});
try {
  await use(await browser.newPage());
} finally {
  await browser.close();
  await rm(profile, { recursive: true, force: true });
}

async function use(page) {
  const requests = [];
  const faults = [];
  await watch(page, requests, faults);

  await page.goto(url, { waitUntil: 'networkidle0' });
  assert.equal(await page.title(), 'oneshelf');
  assert.ok((await editor(page, 'headers')).includes(token), 'the token is filled in');

  // A query.
  await page.click('.graphiql-execute-button');
  const products = JSON.parse(await answer(page, '"hasNextPage"'));
  assert.equal(products.errors, undefined);
  const [first] = products.data.products.edges;
  assert.equal(typeof first.node.variants[0].available, 'number');
  assert.ok(first.node.variants[0].price.amount.amount);
  await picture(page, 'query');

  // The descriptions of the schema.
  await page.click('button[aria-label="Show Documentation Explorer"]');
  await page.waitForFunction(() => document.querySelector('.graphiql-doc-explorer-content')?.innerText.includes('Root Types'), patience);
  await page.evaluate(() => [...document.querySelectorAll('.graphiql-doc-explorer-content a')].find((a) => a.innerText === 'Query').click());
  await page.waitForFunction(
    () => document.querySelector('.graphiql-doc-explorer-content')?.innerText.includes('The catalog, filtered and ordered.'), patience);
  await picture(page, 'docs');
  await page.click('button[aria-label="Hide Documentation Explorer"]');

  // A mutation.
  await tab(page, 'PlaceOrder');
  await page.click('.graphiql-execute-button');
  const placed = JSON.parse(await answer(page, '"number"'));
  assert.deepEqual(placed.data.orderPlace.userErrors, []);
  assert.match(placed.data.orderPlace.order.number, /\S/);

  // A subscription: what happens from now on, so something is made to happen until it is seen.
  await tab(page, 'Live');
  await page.click('.graphiql-execute-button');
  await page.waitForSelector('.graphiql-execute-button[aria-label^="Stop"]', patience);
  let buys = 0;
  const buying = setInterval(() => order(`seen-${++buys}`).catch((fault) => faults.push(fault.message)), 500);
  const seen = JSON.parse(await answer(page, '"cursor"').finally(() => clearInterval(buying)));
  assert.equal(seen.errors, undefined);
  assert.match(seen.data.events.cursor, /\S/);
  await picture(page, 'subscription');
  await page.click('.graphiql-execute-button');

  // The feed.
  await tab(page, 'Feed');
  await page.click('.graphiql-execute-button');
  assert.ok(JSON.parse(await answer(page, '"endCursor"')).data.events.edges.length > 0);

  // Nothing of the token stays behind in the browser.
  assert.ok(!(await page.evaluate(() => JSON.stringify({ ...localStorage }))).includes(token), 'the token is not kept');

  const own = new URL(url).host;
  const sockets = requests.filter((r) => r.startsWith('ws:'));
  assert.deepEqual(sockets, [`ws://${own}/graphql`]);
  assert.deepEqual(requests.filter((r) => !r.startsWith('data:') && new URL(r).host !== own), [], 'requests to another host');
  assert.deepEqual(faults, [], 'faults');
  console.log(`${requests.length} requests, all to ${own}`);
}

// watch notes every request and socket, refuses those to another host, and notes what goes wrong.
async function watch(page, requests, faults) {
  const own = new URL(url).host;
  await page.setRequestInterception(true);
  page.on('request', (r) => {
    requests.push(r.url());
    const ours = r.url().startsWith('data:') || new URL(r.url()).host === own;
    (ours ? r.continue() : r.abort()).catch((fault) => faults.push(fault.message));
  });
  page.on('console', (m) => ['error', 'warn'].includes(m.type()) && faults.push(`${m.text()} ${m.location().url ?? ''}`));
  page.on('pageerror', (fault) => faults.push(fault.message));
  const devtools = await page.createCDPSession();
  await devtools.send('Network.enable');
  devtools.on('Network.webSocketCreated', (s) => requests.push(s.url));
  await page.evaluateOnNewDocument(() => {
    addEventListener('securitypolicyviolation', (e) => console.error(`refused by policy: ${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
  });
}

function editor(page, name) {
  return page.$eval(editors[name], (e) => e.CodeMirror.getValue());
}

// answer waits until the answer's editor holds text, and hands back all of it.
async function answer(page, text) {
  try {
    await page.waitForFunction((at, want) => document.querySelector(at)?.CodeMirror.getValue().includes(want), patience, editors.answer, text);
  } catch {
    await picture(page, 'failed');
    throw new Error(`${text} is not in the answer: ${await editor(page, 'answer').catch(String)}`);
  }
  return editor(page, 'answer');
}

// tab goes to an example, and waits until the editor has understood it.
async function tab(page, title) {
  await page.evaluate((t) => [...document.querySelectorAll('.graphiql-tab-button')].find((b) => b.innerText.trim() === t).click(), title);
  await page.waitForFunction((at, t) => document.querySelector(at)?.CodeMirror.operationName === t, patience, editors.query, title);
}

async function picture(page, name) {
  if (pictures) await page.screenshot({ path: path.join(pictures, `${name}.png`) });
}

async function order(key) {
  const answer = await fetch(new URL('/graphql', url), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
    body: JSON.stringify({
      query: 'mutation ($input: OrderPlaceInput!) { orderPlace(input: $input) { order { id } userErrors { code message } } }',
      variables: {
        input: {
          idempotencyKey: key,
          channel: { code: 'shop' },
          lines: [{ variant: { sku: 'HZL-101-NVY-M' }, quantity: 1 }],
          delivery: { ship: { address: { recipient: 'Demo Buyer', country: 'CN', city: 'Hangzhou', line1: 'Example Street 1' } } },
        },
      },
    }),
  });
  const { data, errors } = await answer.json();
  if (errors || data.orderPlace.userErrors.length > 0) throw new Error(JSON.stringify(errors ?? data.orderPlace.userErrors));
}
