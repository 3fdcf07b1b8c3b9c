// Builds the browser assets into CRM_ASSETS_OUT (default: dist).
//
// - src/app.js, src/app.css and src/theme.js (runs before the first paint) become files with a content hash in their name;
// - icon names found in templates and code become one SVG sprite, symbol id = icon name;
// - manifest.json maps logical names (app.js, app.css, theme.js, icons.svg) to the hashed files;
// - every text file gets a gzip twin for servers that send files as they are.
import {createHash} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {gzipSync} from 'node:zlib';
import * as esbuild from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(here);
const out = path.resolve(process.env.CRM_ASSETS_OUT ?? path.join(here, 'dist'));
const work = `${out}.${process.pid}`;
const ICONS = path.join(here, 'node_modules', 'bootstrap-icons', 'icons');

const SKIPPED_FOLDERS = new Set(['node_modules', 'static', '__pycache__', 'tests']);
const SCANNED = [
  {folder: path.join(root, 'crm_core'), types: ['.html', '.py', '.toml']},
  {folder: path.join(root, 'plugins'), types: ['.html', '.py', '.toml']},
  {folder: path.join(here, 'src'), types: ['.html', '.js']},
];
// icon("name"), icon='name', data-icon="name", and icon = "name" in a plugin.toml
const ICON_NAME = /icon *[(=] *(["'])([a-z0-9-]+)\1/g;

function* filesIn(folder, types) {
  if (!fs.existsSync(folder)) return;
  for (const entry of fs.readdirSync(folder, {withFileTypes: true})) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!SKIPPED_FOLDERS.has(entry.name)) yield* filesIn(file, types);
    } else if (!types || types.includes(path.extname(entry.name))) {
      yield file;
    }
  }
}

// name -> first file that uses it
function usedIcons() {
  const found = new Map();
  for (const {folder, types} of SCANNED) {
    for (const file of filesIn(folder, types)) {
      for (const match of fs.readFileSync(file, 'utf8').matchAll(ICON_NAME)) {
        if (!found.has(match[2])) found.set(match[2], path.relative(root, file));
      }
    }
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function symbol(name) {
  const svg = fs.readFileSync(path.join(ICONS, `${name}.svg`), 'utf8');
  const viewBox = svg.match(/viewBox="([^"]+)"/)[1];
  const drawing = svg.replace(/^[\s\S]*?<svg[^>]*>/, '').replace(/<\/svg>\s*$/, '').replace(/\s*\n\s*/g, '');
  return `<symbol id="${name}" viewBox="${viewBox}" fill="currentColor">${drawing}</symbol>`;
}

function writeSprite() {
  const symbols = [];
  for (const [name, file] of usedIcons()) {
    if (fs.existsSync(path.join(ICONS, `${name}.svg`))) symbols.push(symbol(name));
    else console.warn(`build: ${file} uses the icon "${name}", which bootstrap-icons does not have`);
  }
  const sprite = `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join('\n')}</svg>\n`;
  const hash = createHash('sha256').update(sprite).digest('hex').slice(0, 8).toUpperCase();
  fs.writeFileSync(path.join(work, `icons-${hash}.svg`), sprite);
  return `icons-${hash}.svg`;
}

async function bundle() {
  const result = await esbuild.build({
    absWorkingDir: here,
    entryPoints: [{in: 'src/app.js', out: 'app'}, {in: 'src/app.css', out: 'app'}, {in: 'src/theme.js', out: 'theme'}],
    outdir: work,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    metafile: true,
    legalComments: 'linked',
    entryNames: '[name]-[hash]',
    chunkNames: 'c/[name]-[hash]',
    assetNames: 'a/[name]-[hash]',
    loader: {'.svg': 'file', '.woff2': 'file', '.woff': 'empty'},
    logLevel: 'warning',
  });
  // Lazy chunks carry an entryPoint too: pick by the exact source name.
  const logical = {'src/app.js': 'app.js', 'src/app.css': 'app.css', 'src/theme.js': 'theme.js'};
  const manifest = {};
  for (const [file, output] of Object.entries(result.metafile.outputs)) {
    const name = logical[output.entryPoint];
    if (name) manifest[name] = path.relative(work, path.resolve(here, file)).split(path.sep).join('/');
  }
  return manifest;
}

function compress() {
  for (const file of [...filesIn(work, ['.js', '.css', '.svg', '.txt'])]) {
    fs.writeFileSync(`${file}.gz`, gzipSync(fs.readFileSync(file), {level: 9}));
  }
}

// The finished folder takes the place of the old one in one move: a running server never sees half of it.
function publish() {
  const old = `${out}.${process.pid}.old`;
  if (fs.existsSync(out)) fs.renameSync(out, old);
  fs.renameSync(work, out);
  fs.rmSync(old, {recursive: true, force: true});
}

fs.rmSync(work, {recursive: true, force: true});
fs.mkdirSync(work, {recursive: true});
try {
  const manifest = {...await bundle(), 'icons.svg': writeSprite()};
  fs.writeFileSync(path.join(work, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  compress();
  publish();
} finally {
  fs.rmSync(work, {recursive: true, force: true});
}
