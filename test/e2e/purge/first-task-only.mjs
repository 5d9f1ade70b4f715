// Of all tasks with this module only the first one starts: the local stack signs each task's calls of AWS by its id.
import { readFileSync, writeFileSync } from 'node:fs';

const { FIXTURE_FIRST_TASK: file, AWS_ACCESS_KEY_ID: task } = process.env;
try {
  writeFileSync(file, task, { flag: 'wx' });
} catch {
  if (readFileSync(file, 'utf8') !== task) process.exit(1);
}
