import http from 'node:http';

/** The server that a benchmark starts; without it, as during the build, there is nothing to ask. */
export const ORIGIN = process.env.BENCH_ORIGIN;

/** Tells the origin that a page is being rendered, past Next's fetch cache. */
export function noteRender(key) {
  if (!ORIGIN) return Promise.resolve('0');
  return new Promise((resolve, reject) => {
    const request = http.get(`${ORIGIN}/render/${key}`, { agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () => resolve(body));
    });
    request.on('error', reject);
  });
}
