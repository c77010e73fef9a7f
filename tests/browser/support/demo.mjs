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

/**
 * Starts one without kcp, with further options of `portico demo`; `stop()` ends it, by its id, and removes its data. `crash()`
 * kills it without warning, and `restart()` starts it again over the same data, on the same port.
 */
export async function startDemo(...more) {
  if (!existsSync(program)) throw new Error(`${program} is not there: cargo xtask test builds it`);
  const folder = await mkdtemp(join(tmpdir(), 'portico-browser-'));
  const readyFile = join(folder, 'ready.json');
  const logFile = join(folder, 'log');
  const log = createWriteStream(logFile);
  await once(log, 'open');
  let child;
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);

  const end = async (signal) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    const late = setTimeout(kill, 10_000);
    await ended;
    clearTimeout(late);
  };
  const stop = async () => {
    process.off('exit', kill);
    await end('SIGTERM');
    log.close();
    await rm(folder, { recursive: true, force: true });
  };
  const launch = async (port) => {
    await rm(readyFile, { force: true });
    const options = ['demo', '--step', '300', ...(more.includes('--undo-seconds') ? [] : ['--undo-seconds', '0']), '--port', port, '--data', join(folder, 'data'), '--ready-file', readyFile, '--no-kcp', ...more];
    child = spawn(program, options, { stdio: ['ignore', log, log] });
    for (const begun = Date.now(); ; await pause(20)) {
      if (existsSync(readyFile)) return JSON.parse(await readFile(readyFile, 'utf8'));
      if (child.exitCode !== null || Date.now() - begun > patience) {
        const said = await readFile(logFile, 'utf8');
        await stop();
        throw new Error(`portico demo did not answer:\n${said}`);
      }
    }
  };

  const ready = await launch('0');
  const crash = () => end('SIGKILL');
  const restart = () => launch(new URL(ready.portal).port);
  return { ...ready, stop, crash, restart, log: () => readFile(logFile, 'utf8') };
}
