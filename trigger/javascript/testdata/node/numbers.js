(() => {
  const cases = [], bytes = () => Buffer.from('f0e1d2c3b4a59687', 'hex');
  const offsets = [undefined, 0, 1, 2, 4, 7, 8, -1, 1.5, NaN, Infinity, 2 ** 33, '1', null, {}, 1n];
  const each = (name, ...values) => cases.push({ toString: () => `${name}(${values.map((v) => typeof v === 'bigint' ? `${v}n` : String(v))})`, run: () => { const b = bytes(); return [b[name](...values), b]; } });
  const integers = { 8: [''], 16: ['LE', 'BE'], 32: ['LE', 'BE'] };
  for (const kind of ['UInt', 'Uint', 'Int']) {
    for (const [bits, orders] of Object.entries(integers)) for (const order of orders) {
      for (const o of offsets) each(`read${kind}${bits}${order}`, ...(o === undefined ? [] : [o]));
      for (const v of [0, 1, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40, -1, -128, -129, -32768, -32769, -(2 ** 31), -(2 ** 31) - 1, 1.9, -0.5, NaN, '7', 'x', null, undefined, Infinity, true]) each(`write${kind}${bits}${order}`, v, 1);
      for (const o of offsets) each(`write${kind}${bits}${order}`, 5, ...(o === undefined ? [] : [o]));
      each(`write${kind}${bits}${order}`, 2 ** 40, 'x');
    }
    for (const order of ['LE', 'BE']) {
      for (const size of [1, 2, 3, 4, 5, 6, 0, 7, -1, 1.5, NaN, '2', undefined, null]) {
        for (const o of [0, 1, 2, 5, 8, -1, 0.5, '0', undefined]) each(`read${kind}${order}`, o, size);
        for (const v of [0, 1, 255, -1, -128, -129, 2 ** 15, 2 ** 16, 2 ** 23, 2 ** 24, 2 ** 39, 2 ** 40, 2 ** 47, 2 ** 48, -(2 ** 39), -(2 ** 47) - 1, 3.7]) each(`write${kind}${order}`, v, 1, size);
        each(`write${kind}${order}`, 1, 7, size);
        each(`write${kind}${order}`, 1, undefined, size);
      }
      for (const o of offsets) each(`readBig${kind}64${order}`, ...(o === undefined ? [] : [o]));
      for (const v of [0n, 1n, -1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n, -(2n ** 63n), -(2n ** 63n) - 1n, 2n ** 70n]) each(`writeBig${kind}64${order}`, v);
      for (const o of [0, 1, -1, 8, '0', 0.5]) each(`writeBig${kind}64${order}`, 5n, o);
    }
  }
  for (const order of ['LE', 'BE']) for (const kind of ['Float', 'Double']) {
    for (const o of offsets) each(`read${kind}${order}`, ...(o === undefined ? [] : [o]));
    for (const v of [0, -0, 1.5, -2.25, NaN, Infinity, 1e300, '1.5', 'x', null, undefined]) each(`write${kind}${order}`, v);
    for (const o of offsets) each(`write${kind}${order}`, 1.5, o);
  }
  return cases;
})()
