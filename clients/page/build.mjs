// Bundles the page at / into server/page/assets, with the licences of all that is in it. With --check it writes nothing and fails
// when what is committed is not what it would write.
import { build } from 'esbuild';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const clients = path.dirname(here);
const assets = path.join(clients, '../server/page/assets');

// Some packages leave the text of their licence out. It is then that of the repository they come from, as another package of it has
// it; where there is none, the text of the licence they name under the author they name.
const kin = {
  '@graphiql/plugin-doc-explorer': 'graphiql',
  '@graphiql/plugin-history': 'graphiql',
  'react-compiler-runtime': 'react',
  'react-remove-scroll-bar': 'react-remove-scroll',
};

// fontless drops the letters that style sheets bring along: two thirds of their size, and the page uses the system's.
const fontless = {
  name: 'fontless',
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path: file }) => ({
      contents: (await readFile(file, 'utf8')).replace(/@font-face\s*\{[^}]*\}/g, ''),
      loader: 'css',
    }));
  },
};

const bundle = await build({
  entryPoints: { app: path.join(here, 'app.jsx') },
  outdir: assets,
  absWorkingDir: clients,
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2022',
  jsx: 'automatic',
  define: { 'process.env.NODE_ENV': '"production"' },
  loader: { '.graphql': 'text' },
  legalComments: 'none',
  charset: 'utf8',
  plugins: [fontless],
  metafile: true,
  write: false,
  logLevel: 'warning',
});

const files = new Map(bundle.outputFiles.map((f) => [path.basename(f.path), Buffer.from(f.contents)]));
files.set('THIRD_PARTY.txt', Buffer.from(await notices(bundle.metafile)));

if (process.argv.includes('--check')) {
  for (const [name, contents] of files) {
    const committed = await readFile(path.join(assets, name)).catch(() => Buffer.alloc(0));
    if (!committed.equals(contents)) {
      console.error(`server/page/assets/${name} is not what clients/page says: run "make page"`);
      process.exitCode = 1;
    }
  }
} else {
  await mkdir(assets, { recursive: true });
  for (const [name, contents] of files) {
    await writeFile(path.join(assets, name), contents);
    console.log(`${name}  ${Math.ceil(contents.length / 1024)} KiB`);
  }
}

// notices lists every package of which something is in the bundle, with its licence's text.
async function notices({ outputs }) {
  const folders = new Set();
  for (const { inputs } of Object.values(outputs)) {
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const folder = file.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//)?.[1];
      if (folder && bytesInOutput > 0) folders.add(folder);
    }
  }
  const entries = [];
  for (const folder of [...folders].sort()) {
    const manifest = JSON.parse(await readFile(path.join(clients, folder, 'package.json'), 'utf8'));
    entries.push(`${manifest.name} ${manifest.version} (${manifest.license})\n\n${await licence(folder, manifest)}`);
  }
  const rule = `\n\n${'-'.repeat(80)}\n\n`;
  return `The page at / contains these packages, with these licences.${rule}${entries.join(rule)}\n`;
}

async function licence(folder, manifest) {
  const names = (await readdir(path.join(clients, folder))).filter((n) => /^(licen[cs]e|notice)/i.test(n)).sort();
  const texts = await Promise.all(names.map((n) => readFile(path.join(clients, folder, n), 'utf8')));
  if (texts.length > 0) return texts.map((t) => t.replaceAll('\r\n', '\n').trim()).join('\n\n');
  if (manifest.name in kin) return licence(`node_modules/${kin[manifest.name]}`, { name: kin[manifest.name] });
  if (manifest.license !== 'MIT' || !manifest.author) throw new Error(`no licence text for ${manifest.name}`);
  const mit = await licence('node_modules/graphiql', { name: 'graphiql' });
  const author = (manifest.author.name ?? manifest.author).replace(/\s*[<(].*/, '');
  return mit.replace(/^Copyright .*$/m, `Copyright (c) ${author}`);
}
