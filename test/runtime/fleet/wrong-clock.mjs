// A computer whose clock is wrong by FIXTURE_CLOCK_OFFSET milliseconds: what `node --import` loads before everything else. Like a
// wrong system clock it shifts what the time is, and leaves alone how fast it passes.
import { performance } from 'node:perf_hooks';

const RightDate = Date;
const offset = Number(process.env.FIXTURE_CLOCK_OFFSET);
const now = () => RightDate.now() + offset;

const WrongDate = new Proxy(RightDate, {
  apply: () => new RightDate(now()).toString(),
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
});
RightDate.prototype.constructor = WrongDate;
globalThis.Date = WrongDate;
Object.defineProperty(performance, 'timeOrigin', { value: performance.timeOrigin + offset });
