// node relay.mjs FOLDER: every operation through Relay's compiler, under the names its scheme asks for.
import { printSchema } from 'graphql';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

import { definitions, schema } from './schema.mjs';

const folder = process.argv[2];
const all = await definitions();

// Relay wants an operation named after its module and kind, and a fragment after its module.
const kinds = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' };
const fragments = new Set(all.filter((d) => d.definition.kind === 'FragmentDefinition').map((d) => d.definition.name.value));
const tags = all.map(({ definition, text }) => {
  let renamed = text.replace(/\.\.\.\s*(\w+)/g, (spread, name) => (fragments.has(name) ? `...Shelf_${name}` : spread));
  const name = definition.name.value;
  if (definition.kind === 'FragmentDefinition') {
    renamed = renamed.replace(`fragment ${name} `, `fragment Shelf_${name} `);
  } else {
    renamed = renamed.replace(`${definition.operation} ${name}`, `${definition.operation} Shelf${name}${kinds[definition.operation]}`);
  }
  return `graphql\`${renamed}\`;`;
});

await mkdir(path.join(folder, 'src/artifacts'), { recursive: true });
await writeFile(path.join(folder, 'schema.graphql'), printSchema(await schema()));
await writeFile(path.join(folder, 'src/Shelf.ts'), `import { graphql } from 'relay-runtime';\n\n${tags.join('\n\n')}\n`);
await writeFile(
  path.join(folder, 'relay.config.json'),
  JSON.stringify({ src: './src', schema: './schema.graphql', language: 'typescript', artifactDirectory: './src/artifacts' }),
);

const compiler = createRequire(import.meta.url)('relay-compiler');
execFileSync(compiler, ['relay.config.json'], { cwd: folder, stdio: 'inherit' });

const artifacts = await readdir(path.join(folder, 'src/artifacts'));
if (artifacts.length !== all.length) {
  throw new Error(`${all.length} definitions, but ${artifacts.length} artifacts`);
}
console.log(`artifacts for ${artifacts.length} operations and fragments`);
