// node codegen.mjs FOLDER: types for the schema and every operation, by graphql-codegen; the TypeScript compiler must take them as
// they are, at its strictest.
import { codegen } from '@graphql-codegen/core';
import * as typescript from '@graphql-codegen/typescript';
import * as typescriptOperations from '@graphql-codegen/typescript-operations';
import { parse, printSchema } from 'graphql';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import ts from 'typescript';

import { operations, schema } from './schema.mjs';

const file = path.join(process.argv[2], 'types.ts');
const built = await schema();
const documents = await operations();
const output = await codegen({
  filename: file,
  schema: parse(printSchema(built)),
  schemaAst: built,
  documents,
  config: { strictScalars: true, scalars: scalars(built), enumsAsTypes: true },
  plugins: [{ typescript: {} }, { operations: {} }],
  pluginMap: { typescript, operations: typescriptOperations },
});
await writeFile(file, output);

const program = ts.createProgram([file], { strict: true, noEmit: true, target: ts.ScriptTarget.ES2022, types: [] });
const faults = ts.getPreEmitDiagnostics(program);
if (faults.length > 0) {
  console.error(ts.formatDiagnostics(faults, { getCanonicalFileName: (f) => f, getCurrentDirectory: () => process.cwd(), getNewLine: () => '\n' }));
  process.exitCode = 1;
}
const count = documents.flatMap((d) => d.document.definitions).filter((d) => d.kind === 'OperationDefinition').length;
console.log(`types for ${count} operations`);

// scalars must all be known: every one of ours is a string on the wire.
function scalars(of) {
  const own = Object.values(of.getTypeMap()).filter((t) => t.constructor.name === 'GraphQLScalarType');
  return Object.fromEntries(own.map((t) => [t.name, { Int: 'number', Float: 'number', Boolean: 'boolean' }[t.name] ?? 'string']));
}
