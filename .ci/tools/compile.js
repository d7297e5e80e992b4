// Compiles contracts with solc and writes what it takes to deploy them: node compile.js OUT SOURCE...
import { readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createRequire } from 'node:module';

const solc = createRequire(join(process.cwd(), 'package.json'))('solc');
const [out, ...files] = process.argv.slice(2);
const sources = Object.fromEntries(files.map((file) => [basename(file), { content: readFileSync(file, 'utf8') }]));
// "paris" runs on every chain since 2022; without a hash of the metadata the same source gives the same bytes everywhere.
const settings = {
  evmVersion: 'paris',
  optimizer: { enabled: true, runs: 200 },
  metadata: { bytecodeHash: 'none' },
  outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
};
const input = { language: 'Solidity', sources, settings };
const output = JSON.parse(solc.compile(JSON.stringify(input)));
for (const error of output.errors ?? []) {
  console.error(error.formattedMessage);
  if (error.severity === 'error') process.exitCode = 1;
}
if (!process.exitCode) {
  mkdirSync(out, { recursive: true });
  for (const file of Object.keys(sources)) {
    for (const [name, { abi, evm }] of Object.entries(output.contracts[file])) {
      if (evm.bytecode.object === '') continue;
      const made = { contract: name, compiler: solc.version(), settings: { ...settings, outputSelection: undefined }, abi, bytecode: `0x${evm.bytecode.object}` };
      writeFileSync(join(out, `${name}.json`), `${JSON.stringify(made, null, 2)}\n`);
    }
  }
}
