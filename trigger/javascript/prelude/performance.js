// performance, whose clock begins when the machine does.
const sinceStart = () => host('now');
const performance = { now: () => sinceStart(), timeOrigin: Date.now() - sinceStart() };
Object.defineProperty(performance, 'toJSON', { value: () => ({ timeOrigin: performance.timeOrigin }), writable: true, configurable: true });
define('performance', performance);
