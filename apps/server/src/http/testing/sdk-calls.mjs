// Calls Seam's official SDKs for a test: one JSON line in is one call, one JSON line out is how it went. The SDKs
// are ES modules, which Jest does not load.
import { createInterface } from 'node:readline';
import { Seam } from 'seam';
import { SeamHttp } from '@seamapi/http';

const [endpoint, apiKey] = process.argv.slice(2);
const sdks = {
  'seam 1.160': new Seam({ endpoint, apiKey, axiosRetryOptions: { retries: 0 } }),
  '@seamapi/http 2.32': new SeamHttp({ endpoint, apiKey, axiosRetryOptions: { retries: 0 } }),
};

async function call({ sdk, path, params, all }) {
  const names = path.split('.');
  const method = names.pop();
  const target = names.reduce((object, name) => object[name], sdks[sdk]);
  if (all) return sdks[sdk].createPaginator(target[method](params)).flattenToArray();
  return target[method](params);
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, ...wanted } = JSON.parse(line);
  try {
    const value = await call(wanted);
    console.log(JSON.stringify({ id, value: value ?? null }));
  } catch (error) {
    const { name, code, statusCode, requestId, message } = error;
    const of_ = (param) => error.getValidationErrorMessages?.(param);
    const about = Object.fromEntries(Object.keys(wanted.params ?? {}).map((param) => [param, of_(param)]));
    console.log(JSON.stringify({ id, error: { name, code, statusCode, requestId, message, about } }));
  }
}
