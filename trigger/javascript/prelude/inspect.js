// inspect and format, as far as logs need them.
// inspect prints a value for the log, close to Node's util.inspect on one line.
const inspect = (v, depth = 0, seen = []) => {
  if (typeof v === 'string') return depth === 0 ? v : `'${v}'`;
  if (typeof v === 'bigint') return `${v}n`;
  if (typeof v === 'function') return `[Function: ${v.name || 'anonymous'}]`;
  if (typeof v !== 'object' || v === null) return String(v);
  if (v instanceof Error) return `${v.name}: ${v.message}${v.stack ? `\n${v.stack}`.trimEnd() : ''}`;
  if (v instanceof Date) return v.toISOString();
  if (v instanceof RegExp) return String(v);
  if (v instanceof Promise) return 'Promise {}';
  if (v instanceof Buffer) return `<Buffer${Array.from(v.subarray(0, 50), (b) => ` ${b.toString(16).padStart(2, '0')}`).join('')}${v.length > 50 ? ` ... ${v.length - 50} more bytes` : v.length ? '' : ' '}>`;
  if (seen.includes(v)) return '[Circular *1]';
  if (depth > 5) return Array.isArray(v) ? '[Array]' : '[Object]';
  const inner = (x) => inspect(x, depth + 1, [...seen, v]);
  if (v instanceof Map) return `Map(${v.size}) { ${[...v].map(([k, x]) => `${inner(k)} => ${inner(x)}`).join(', ')} }`;
  if (v instanceof Set) return `Set(${v.size}) { ${[...v].map(inner).join(', ')} }`;
  if (Array.isArray(v)) return v.length === 0 ? '[]' : `[ ${v.map(inner).join(', ')} ]`;
  const name = v.constructor && v.constructor.name !== 'Object' ? `${v.constructor.name} ` : '';
  const members = Object.keys(v).map((k) => `${/^[A-Za-z_$][\w$]*$/.test(k) ? k : `'${k}'`}: ${inner(v[k])}`);
  return members.length === 0 ? `${name}{}` : `${name}{ ${members.join(', ')} }`;
};

// format is console.log's: %s, %d, %i, %f, %j, %o and %O in the first argument take the next ones.
const format = (first, ...rest) => {
  if (typeof first !== 'string') return [first, ...rest].map((v) => inspect(v)).join(' ');
  const text = first.replace(/%[sdifjoOc%]/g, (m) => {
    if (m === '%%') return '%';
    if (rest.length === 0) return m;
    const v = rest.shift();
    switch (m) {
      case '%d': case '%f': return String(Number(v));
      case '%i': return String(parseInt(v, 10));
      case '%j': return JSON.stringify(v);
      case '%c': return '';
      case '%s': return typeof v === 'string' ? v : inspect(v, 1);
      default: return inspect(v, 1);
    }
  });
  return [text, ...rest.map((v) => inspect(v))].join(' ');
};
