// process, and the name global.
const hrtime = (before) => {
  const now = sinceStart(), seconds = Math.floor(now / 1000), rest = Math.floor(now % 1000 * 1e6);
  if (before === undefined) return [seconds, rest];
  const [s, ns] = [seconds - before[0], rest - before[1]];
  return ns < 0 ? [s - 1, ns + 1e9] : [s, ns];
};
hrtime.bigint = () => BigInt(Math.floor(sinceStart() * 1e6));
const writer = (level) => ({ write: (text) => { host('log', level, short(`${text}`.replace(/\n$/, ''))); return true; } });
define('process', {
  env: JSON.parse(host('env')),
  nextTick: (f, ...values) => { queueMicrotask(() => f(...values)); },
  argv: [], version: 'v22.0.0', versions: { node: '22.0.0' }, platform: 'linux',
  cwd: () => '/var/task', hrtime, uptime: () => sinceStart() / 1000, stdout: writer('info'), stderr: writer('error'),
  on() { return process; }, once() { return process; },
  exit: () => { throw new Error('process.exit is not available in a trigger; return or throw instead'); },
});
define('global', globalThis);
