// The test's browser: each question is a line to the standard output, each answer a line of the standard input.
import { createInterface } from 'node:readline';

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

// ask waits for an answer. Only then does the open input keep the process running.
const ask = async (question) => {
  process.stdin.ref();
  console.log(JSON.stringify(question));
  const { value } = await answers.next();
  process.stdin.unref();
  return value;
};

// visit opens an address, signs in if it must, and returns the address to which the browser left Sluice.
export const visit = async (address) => new URL(await ask({ visit: String(address) }));

// allow types the code of a device on a page and lets the device have tokens.
export const allow = (page, code) => ask({ allow: page, code });

export const settings = Object.fromEntries(
  Object.entries(process.env)
    .filter(([name]) => name.startsWith('SLUICE_'))
    .map(([name, value]) => [name.slice('SLUICE_'.length).toLowerCase(), value]),
);
