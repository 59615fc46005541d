// Pays with a callback. Arguments: the library, the installation, a customer's code. A classic call would hold the event loop, so there is
// none here.
'use strict';
const pr = require('../bindings/node/payrack.js');
const [file, home, code] = process.argv.slice(2);
async function main() {
  const lib = new pr.Payrack(file);
  const [, host] = lib.open(pr.PR_ABI_VERSION, home, '4', 0);
  let seen = 0;
  lib.setCallback(host, (op, event) => { if (event) seen++; });
  const [, op] = lib.start(host, 'sendy', 'pay.offline', 100, 'back-1', JSON.stringify({ code }));
  while ((await lib.pollAsync(op, 1000))[0] === pr.PR_WAITING);
  const outcome = lib.outcome(op);
  lib.setCallback(host, null);
  lib.close(host);
  console.log(`apart ${seen} outcomes ${outcome}`);
}
main();
