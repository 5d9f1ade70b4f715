// For `node --import`: a program that must not need the network has none.
import { Socket } from 'node:net';

const { connect } = Socket.prototype;

Socket.prototype.connect = function (...args) {
  const [target] = Array.isArray(args[0]) ? args[0] : args;
  // A pipe to another process of the machine is no network.
  if (typeof target === 'string' || target?.path) return connect.apply(this, args);
  throw new Error(`test/e2e: there is no network here; wanted ${JSON.stringify(target)}`);
};
