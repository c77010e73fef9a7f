// Tells `cargo xtask test` which real components took part.

import { appendFileSync } from 'node:fs';

export function tookPart(component, version) {
  const file = process.env.PORTICO_TEST_REPORT;
  if (file) appendFileSync(file, `${JSON.stringify({ tookPart: { component, version } })}\n`);
}
