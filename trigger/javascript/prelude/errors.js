// Errors as Node makes them: with a code, and with what was received in the message.
const nodeError = (Type, code, message) => Object.assign(new Type(message), { code });
const received = (v) => {
  if (v === null || v === undefined) return `Received ${v}`;
  if (typeof v === 'function') return `Received function ${v.name}`;
  if (typeof v === 'object') return v.constructor?.name ? `Received an instance of ${v.constructor.name}` : 'Received [Object: null prototype] {}';
  const text = inspect(v, 1);
  return `Received type ${typeof v} (${text.length > 28 ? `${text.slice(0, 25)}...` : text})`;
};
const wrongType = (name, expected, v) => {
  const what = name.endsWith(' argument') ? name : `"${name}" ${name.includes('.') ? 'property' : 'argument'}`;
  return nodeError(TypeError, 'ERR_INVALID_ARG_TYPE', `The ${what} must be ${expected}. ${received(v)}`);
};
// inGroups writes a large integer as Node does: 1_000_000.
const inGroups = (n) => {
  let s = String(n);
  for (let at = s.length - 3, first = s.startsWith('-') ? 1 : 0; at > first; at -= 3) s = `${s.slice(0, at)}_${s.slice(at)}`;
  return s;
};
const outOfRange = (name, range, v) => {
  let got = inspect(v, 1);
  if (typeof v === 'bigint') got = `${v > 2n ** 32n || v < -(2n ** 32n) ? inGroups(v) : v}n`;
  else if (Number.isInteger(v) && Math.abs(v) > 2 ** 32) got = inGroups(v);
  return nodeError(RangeError, 'ERR_OUT_OF_RANGE', `The value of "${name}" is out of range. It must be ${range}. Received ${got}`);
};
const outOfBounds = (name) => nodeError(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS',
  name ? `"${name}" is outside of buffer bounds` : 'Attempt to access memory outside buffer bounds');

const checkNumber = (v, name) => { if (typeof v !== 'number') throw wrongType(name, 'of type number', v); };
const checkWithin = (v, name, most) => {
  checkNumber(v, name);
  if (!(v >= 0 && v <= most)) throw outOfRange(name, `>= 0 && <= ${most}`, v);
};
const maxBuffer = 2 ** 32; // Node's; the memory of a machine ends before
const checkWhole = (v, name, most = maxBuffer) => {
  checkNumber(v, name);
  if (!Number.isInteger(v)) throw outOfRange(name, 'an integer', v);
  checkWithin(v, name, most);
};
const checkFunction = (v, name) => { if (typeof v !== 'function') throw wrongType(name, 'of type function', v); };
