// The audits of the npm package graphql-http against a running gateway:
//
//     npm install --no-save --prefix /tmp/audits graphql graphql-http
//     NODE_PATH=/tmp/audits/node_modules node tests/api/graphql_http_audits.mjs http://127.0.0.1:8000/graphql KEY
//
// Prints what is not passed, and fails for anything that is not.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { auditServer } = require('graphql-http');

const [url, key] = process.argv.slice(2);
const fetchFn = (address, init = {}) =>
  fetch(address, { ...init, headers: { ...init.headers, authorization: `Bearer ${key}` } });
const results = await auditServer({ url, fetchFn });
const failed = results.filter((result) => result.status !== 'ok');
for (const { id, name, status, reason } of failed) console.log(id, status, name, '-', reason);
console.log(`${results.length - failed.length} of ${results.length} audits passed`);
process.exitCode = failed.length ? 1 : 0;
