// A control plane by itself, for what nobody would do by hand a hundred times.

import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';

/** One of the demo's, with what its kubeconfig says. */
export async function controlPlane(demo, name) {
  const { kubeconfig } = demo.controlPlanes.find((plane) => plane.name === name);
  const text = await readFile(kubeconfig, 'utf8');
  const word = (key) => text.match(new RegExp(`^\\s*${key}: "?([^"\\s]+)"?$`, 'm'))[1];
  const server = word('server');
  const ca = Buffer.from(word('certificate-authority-data'), 'base64');
  const agent = new Agent({ ca, keepAlive: true, maxSockets: 8 });
  const headers = { authorization: `Bearer ${word('token')}`, 'content-type': 'application/json' };

  const create = (path, object) =>
    new Promise((resolve, reject) => {
      const asked = request(`${server}${path}`, { method: 'POST', agent, headers }, (answer) => {
        let said = '';
        answer.on('data', (piece) => (said += piece));
        answer.on('end', () => (answer.statusCode === 201 ? resolve() : reject(new Error(`${path}: ${answer.statusCode} ${said}`))));
      });
      asked.on('error', reject);
      asked.end(JSON.stringify(object));
    });
  /** Changes some fields of what is at `path`, as `kubectl patch --type=merge` does; `undefined` only reads. */
  const merge = (path, change) =>
    new Promise((resolve, reject) => {
      const method = change ? 'PATCH' : 'GET';
      const told = { method, agent, headers: { ...headers, 'content-type': 'application/merge-patch+json' } };
      const asked = request(`${server}${path}`, told, (answer) => {
        let said = '';
        answer.on('data', (piece) => (said += piece));
        answer.on('end', () => (answer.statusCode === 200 ? resolve(JSON.parse(said)) : reject(new Error(`${path}: ${answer.statusCode} ${said}`))));
      });
      asked.on('error', reject);
      asked.end(change && JSON.stringify(change));
    });
  const createAll = (path, objects) => Promise.all(objects.map((object) => create(path, object)));
  return { create, createAll, merge };
}
