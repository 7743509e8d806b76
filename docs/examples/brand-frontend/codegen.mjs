// Writes src/generated.ts: the types of the schema and of every operation in src/operations. With --check it writes nothing and fails
// when that file is not what it would write.
import { codegen } from '@graphql-codegen/core';
import * as typedDocuments from '@graphql-codegen/typed-document-node';
import * as types from '@graphql-codegen/typescript';
import * as operations from '@graphql-codegen/typescript-operations';
import { buildSchema, parse, printSchema } from 'graphql';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const file = path.join(here, 'src/generated.ts');

const schema = buildSchema((await texts(path.join(here, '../../../schema'))).map((t) => t.text).join('\n'));
const output = await codegen({
  filename: file,
  schema: parse(printSchema(schema)),
  schemaAst: schema,
  documents: (await texts(path.join(here, 'src/operations'))).map(({ name, text }) => ({ location: name, document: parse(text) })),
  config: {
    onlyOperationTypes: true, // of the schema only what the operations name
    enumsAsTypes: true,
    useTypeImports: true,
    strictScalars: true,
    // All scalars of the API are strings: a Decimal is never a float.
    defaultScalarType: 'string',
    scalars: Object.fromEntries(
      Object.values(schema.getTypeMap()).filter((t) => t.astNode?.kind === 'ScalarTypeDefinition').map((t) => [t.name, 'string']),
    ),
  },
  plugins: [{ types: {} }, { operations: {} }, { typedDocuments: {} }],
  pluginMap: { types, operations, typedDocuments },
});

if (!process.argv.includes('--check')) {
  await writeFile(file, output);
} else if ((await readFile(file, 'utf8')) !== output) {
  console.error('src/generated.ts is not what the schema and the operations say: run "npm run codegen"');
  process.exitCode = 1;
}

async function texts(folder) {
  const names = (await readdir(folder)).filter((n) => n.endsWith('.graphql')).sort();
  return Promise.all(names.map(async (name) => ({ name, text: await readFile(path.join(folder, name), 'utf8') })));
}
