#!/usr/bin/env node
import { run } from '../local/cli';

// A reader that has seen enough (`| head`) is no failure; EPIPE: https://nodejs.org/api/errors.html#common-system-errors
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

// Ends even if a library still holds a connection or a timer.
void run(process.argv.slice(2)).then((exitCode) => process.exit(exitCode));
