// What the benchmark of the edge asks for: answers that cost nothing, so that all the time is the edge's and the balancer's.
import { createServer } from 'node:http';

const page = 'x'.repeat(10_000);
const large = 'x'.repeat(100_000);
const kept = { 'content-type': 'text/plain', 'cache-control': 's-maxage=3600' };
const unkept = { 'content-type': 'text/plain', 'cache-control': 'no-store' };

createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://origin');
  if (pathname === '/hit') response.writeHead(200, kept).end(page);
  else if (pathname === '/large') response.writeHead(200, kept).end(large);
  else if (pathname === '/stream') response.writeHead(200, unkept).write('first');
  else response.writeHead(200, unkept).end(page);
}).listen(process.env.PORT, '127.0.0.1');
