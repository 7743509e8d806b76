// The schema as it is written, and operations on it, for the tools that read them.
import { buildSchema, parse, print } from 'graphql';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

export async function schema() {
  const sources = (await texts('schema')).map(({ text }) => text);
  return buildSchema(sources.join('\n'));
}

// operations are those that the server's own tests run, and the examples of the page.
export async function operations() {
  const files = [...(await texts('graph/testdata/operations')), ...(await texts('clients/page/examples'))];
  return files.map(({ file, text }) => ({ location: file, document: parse(text) }));
}

// definitions are the operations one by one: {kind, name, text, document}.
export async function definitions() {
  const all = (await operations()).flatMap(({ document }) => document.definitions);
  return all.map((definition) => ({ definition, text: print(definition) }));
}

async function texts(folder) {
  const names = (await readdir(path.join(root, folder))).filter((n) => n.endsWith('.graphql')).sort();
  if (names.length === 0) throw new Error(`no .graphql files in ${folder}`);
  return Promise.all(names.map(async (n) => ({ file: path.join(folder, n), text: await readFile(path.join(root, folder, n), 'utf8') })));
}
