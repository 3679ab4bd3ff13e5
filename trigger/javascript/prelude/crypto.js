// Web Crypto's randomUUID, getRandomValues and subtle.digest, and a few functions of node:crypto.
const randomBinary = (n) => {
  if (!Number.isInteger(n) || n < 0 || n > 65536) throw new RangeError('The number of random bytes must be an integer from 0 to 65536');
  return host('random', n);
};
const digestNames = { 'sha-1': 'sha1', 'sha-256': 'sha256', 'sha-384': 'sha384', 'sha-512': 'sha512' };
const dataBytes = (data, encoding) => {
  const bytes = typeof data === 'string' ? encodingNamed(encoding ?? 'utf8').toBytes(data) : bytesOf(data);
  if (bytes === undefined) throw new TypeError('The "data" argument must be a string, an ArrayBuffer or a view of one');
  return bytes;
};

const randomUUID = () => {
  const b = fromBinary(randomBinary(16));
  b[6] = b[6] & 15 | 64;
  b[8] = b[8] & 63 | 128;
  const hex = hexEncode(b);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
};
const webcrypto = {
  randomUUID,
  getRandomValues(view) {
    bytesOf(view).set(fromBinary(randomBinary(view.byteLength)));
    return view;
  },
  subtle: new Proxy({
    async digest(algorithm, data) {
      const name = String(algorithm?.name ?? algorithm).toLowerCase();
      if (!digestNames[name]) throw new Error(`crypto.subtle.digest: unknown algorithm ${name}; known are SHA-1, SHA-256, SHA-384 and SHA-512`);
      return fromBinary(host('hash', digestNames[name], null, toBinary(dataBytes(data)))).buffer;
    },
  }, {
    get(target, name) {
      if (name in target || typeof name === 'symbol' || name === 'then') return target[name];
      throw new Error(`crypto.subtle.${name} is not available in a trigger; only digest is`);
    },
  }),
};
define('crypto', webcrypto);

class Hash {
  #name; #key; #data = []; #done = false;
  constructor(name, key) {
    this.#name = String(name).toLowerCase().replace('sha-', 'sha');
    this.#key = key;
    if (!['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'].includes(this.#name)) throw new Error(`Digest method not supported: ${name}`);
  }
  update(data, encoding) {
    if (this.#done) throw new Error('Digest already called');
    this.#data.push(toBinary(dataBytes(data, encoding)));
    return this;
  }
  digest(encoding) {
    if (this.#done) throw new Error('Digest already called');
    this.#done = true;
    const sum = fromBinary(host('hash', this.#name, this.#key, this.#data.join('')), BufferBytes);
    return encoding === undefined || encoding === 'buffer' ? sum : sum.toString(encoding);
  }
}
// answer returns the value, or passes it to the callback of Node's older style.
const answer = (value, callback) => {
  if (typeof callback !== 'function') return value;
  queueMicrotask(() => callback(null, value));
  return undefined;
};
const nodeCrypto = {
  randomUUID,
  randomBytes: (n, callback) => answer(fromBinary(randomBinary(n), BufferBytes), callback),
  randomInt(min, max, callback) {
    if (max === undefined || typeof max === 'function') [min, max, callback] = [0, min, max];
    const range = max - min;
    if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max) || range < 1 || range > 2 ** 48 - 1) throw new RangeError('The range of randomInt must be at least 1 and below 2 ** 48');
    const limit = 2 ** 48 - 2 ** 48 % range; // numbers above would make low results more likely
    for (;;) {
      const n = fromBinary(randomBinary(6)).reduce((all, b) => all * 256 + b, 0);
      if (n < limit) return answer(min + n % range, callback);
    }
  },
  createHash: (name) => new Hash(name, null),
  createHmac: (name, key) => new Hash(name, toBinary(dataBytes(key))),
  timingSafeEqual(a, b) {
    a = dataBytes(a);
    b = dataBytes(b);
    if (a.length !== b.length) throw new RangeError('Input buffers must have the same byte length');
    let different = 0;
    for (let i = 0; i < a.length; i++) different |= a[i] ^ b[i];
    return different === 0;
  },
  getRandomValues: webcrypto.getRandomValues,
  webcrypto, subtle: webcrypto.subtle,
};
