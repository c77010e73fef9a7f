// The gallery: every page with sample data, written by an example of the frontend and served on loopback.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../target/gallery/', import.meta.url));
const program = process.env.PORTICO_GALLERY
  ?? join(process.env.PORTICO_BIN ?? fileURLToPath(new URL('../../../target/debug/portico', import.meta.url)), '../examples/gallery');

const types = { '.html': 'text/html', '.css': 'text/css', '.woff2': 'font/woff2' };

/** Why the gallery cannot be written; `false` if it can. For a suite's `skip`. */
export const missing = existsSync(program) ? false : `${program} is not built`;

/** Writes the gallery and serves it. */
export async function startGallery() {
  execFileSync(program, { stdio: 'ignore' });
  const server = createServer(async (request, response) => {
    const file = join(folder, normalize(new URL(request.url, 'http://gallery').pathname));
    try {
      const content = await readFile(file);
      response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const files = await readdir(folder);
  return {
    base: `http://127.0.0.1:${server.address().port}`,
    /** The names of all pages. */
    // The page of parts is cut out of the others and is nobody's to read.
    pages: files.filter((file) => file.endsWith('.html') && file !== 'parts.html').map((file) => file.slice(0, -'.html'.length)).sort(),
    stop: () => server.close(),
  };
}
