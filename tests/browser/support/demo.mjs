// A demo of one's own to test against: the real program on free ports, its data in a temporary folder.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const program = process.env.PORTICO_BIN ?? fileURLToPath(new URL('../../../target/debug/portico', import.meta.url));
const patience = 60_000;

/** Starts one; `stop()` ends it, by its id, and removes its data. */
export async function startDemo() {
  if (!existsSync(program)) throw new Error(`${program} is not there: cargo xtask test builds it`);
  const folder = await mkdtemp(join(tmpdir(), 'portico-browser-'));
  const readyFile = join(folder, 'ready.json');
  const logFile = join(folder, 'log');
  const log = createWriteStream(logFile);
  await once(log, 'open');
  const options = ['demo', '--step', '300', '--port', '0', '--data', join(folder, 'data'), '--ready-file', readyFile];
  const child = spawn(program, options, { stdio: ['ignore', log, log] });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);

  const stop = async () => {
    process.off('exit', kill);
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const late = setTimeout(kill, 10_000);
      await ended;
      clearTimeout(late);
    }
    log.close();
    await rm(folder, { recursive: true, force: true });
  };

  for (const begun = Date.now(); ; await pause(20)) {
    if (existsSync(readyFile)) {
      return { ...JSON.parse(await readFile(readyFile, 'utf8')), stop, log: () => readFile(logFile, 'utf8') };
    }
    if (child.exitCode !== null || Date.now() - begun > patience) {
      const said = await readFile(logFile, 'utf8');
      await stop();
      throw new Error(`portico demo did not answer:\n${said}`);
    }
  }
}
