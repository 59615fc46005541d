// A console cashier over payrack.h: node cashier.js LIBRARY [HOME [POS [MODULE]]]. Copy what you need; see docs/en/cashier-programmer.md.
'use strict';
const fs = require('fs');
const path = require('path');
const readline = require('readline');
const pr = require('../../bindings/node/payrack.js');

const english = (process.env.LANG || '').startsWith('en');
const t = (ru, en) => (english ? en : ru);
const words = { [pr.PR_OK]: 'approved', [pr.PR_DECLINED]: 'declined', [pr.PR_CANCELLED]: 'cancelled', [pr.PR_UNKNOWN]: 'unknown', [pr.PR_WAITING]: 'running' };
const [file, home = '.', pos = '1', module_ = 'sendy'] = process.argv.slice(2);
const lib = new pr.Payrack(file);
let host = 0, last = 0, paid = '';

// The cashier's lines; null at their end.
const typed = [];
let wake = () => {};
const console_ = readline.createInterface({ input: process.stdin });
console_.on('line', (line) => { typed.push(line.trim()); wake(); });
console_.on('close', () => { typed.push(null); wake(); });

async function readLine() {
  while (!typed.length) await new Promise((resolve) => { wake = resolve; });
  return typed[0] === null ? null : typed.shift(); // the end stays the end
}

async function ask(question, standard = '') {
  console.log('? ' + question);
  return (await readLine()) || standard;
}

function complain(code) {
  const text = lib.lastCode(host) === code ? lib.lastError(host) : '';
  console.log(`${text || lib.errorText(code, t('ru', 'en'))} (${code}) ${lib.lastHint(host) || ''}`);
  console.log('== refused');
}

// A new ref, on disk before anybody else hears of it. A till has a receipt number of its own; here it is the number of the line.
function newRef() {
  const book = fs.openSync(path.join(home, 'cashier.refs'), 'a+');
  try {
    const receipt = String(fs.readFileSync(book, 'utf8').split('\n').length);
    const stamp = new Date().toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
    const ref = `${pos}-${stamp}-${receipt}`;
    fs.writeSync(book, ref + '\n');
    fs.fsyncSync(book);
    return { ref, receipt };
  } finally {
    fs.closeSync(book);
  }
}

async function operate(kind, amount, params, module = module_) {
  const { ref, receipt } = newRef();
  const [code, op] = lib.start(host, module, kind, amount, ref, JSON.stringify({ ...params, receipt }));
  if (code < 0) return complain(code); // nothing was begun
  await conclude(op, await follow(op));
}

// Polls until the outcome. A cancel is a request: what comes then is still the truth.
async function follow(op) {
  for (;;) {
    const [code, event, id] = await lib.pollAsync(op, 100);
    if (code === pr.PR_EVENT) await show(op, event, id);
    else if (code !== pr.PR_WAITING) return code === pr.PR_FINISHED ? lib.outcome(op) : pr.PR_UNKNOWN; // an error says nothing about money
    else if (typed.length && typed[0] !== null) {
      typed.shift();
      console.log(t('Отменяем...', 'Cancelling...'));
      lib.cancel(op, t('кассир', 'cashier'));
    }
  }
}

async function show(op, event, id) {
  const get = (key) => lib.eventStr(op, key) || '';
  switch (event) {
    case pr.PR_EV_STATUS:
    case pr.PR_EV_CUSTOMER:
      console.log('· ' + get('text'));
      break;
    case pr.PR_EV_QR_SHOW:
      fs.writeFileSync(path.join(home, 'qr.png'), Buffer.from(get('png_base64'), 'base64')); // for a window; here the terminal draws it
      console.log([get('qr_text'), get('caption'), get('payload')].join('\n'));
      console.log(t('QR-код показан. Enter - отмена.', 'The QR code is shown. Enter cancels.'));
      break;
    case pr.PR_EV_QR_HIDE:
      console.log(t('QR-код снят.', 'The QR code is gone.'));
      break;
    case pr.PR_EV_PRINT:
      console.log(get('text'));
      lib.answer(op, id, '1');
      break;
    case pr.PR_EV_CONFIRM:
    case pr.PR_EV_CHOICE:
    case pr.PR_EV_INPUT:
      for (const item of JSON.parse(get('items') || '[]')) console.log(`  ${item.id} - ${item.text}`);
      if (lib.answer(op, id, await ask(get('title') || get('text'), get('default'))) < 0) console.log(lib.lastError(host));
      break;
    default: // what is not known is skipped
  }
}

const number = (op, key) => lib.int(op, key)[1];

// Tells the outcome, prints the slips and the receipt, and confirms; or gives the money back where there is no receipt.
async function conclude(op, outcome) {
  if (last && last !== op) lib.release(last);
  last = op;
  const kind = lib.str(op, 'kind'), ref = lib.str(op, 'ref'), amount = number(op, 'approved_amount');
  let ack = '-';
  console.log(lib.str(op, 'text'));
  if (outcome !== pr.PR_OK) console.log(lib.str(op, 'hint'));
  for (let copy = 1; copy <= number(op, 'slips'); copy++) console.log((lib.slip(op, copy, 'text', 'utf-8', 0) || '').toString());
  if (outcome === pr.PR_OK && kind.startsWith('pay.')) paid = ref;
  if (outcome === pr.PR_OK && number(op, 'can_confirm')) {
    console.log(`[${t('ЧЕК', 'RECEIPT')} ${Math.floor(amount / 100)}.${String(amount % 100).padStart(2, '0')}]`);
    const reply = await ask(t('Чек напечатан? 1 - да, 0 - вернуть деньги, пусто - решить позже',
      'Receipt printed? 1 yes, 0 give the money back, empty: decide later'));
    let code = pr.PR_OK;
    ack = 'left';
    if (reply === '1') [code, ack] = [lib.confirm(op), 'confirmed'];
    else if (reply === '0') [code, ack] = [lib.reverse(op, t('чек не напечатан', 'no receipt')), 'reversed'];
    if (code < 0) return complain(code);
  }
  console.log(`== ${words[outcome] || 'refused'} ${ref} ${kind} ${amount} ${ack}`);
}

// What an earlier run left: each is waited for, then confirmed or reversed.
async function pending() {
  const refs = [];
  for (let i = 0, n = lib.pendingCount(host); i < n; i++) refs.push(lib.pendingRef(host, i));
  for (const ref of refs) {
    const [code, op] = lib.attach(host, ref);
    if (code !== pr.PR_OK) continue;
    console.log(t('Не завершена: ', 'Pending: ') + ref);
    await conclude(op, await follow(op));
  }
  console.log(`== pending ${refs.length}`);
}

const classic = ([code, op]) => (code < 0 ? complain(code) : conclude(op, code));

async function command(word, a = '', b = '', c = '', d = '') {
  switch (word) {
    case 'online': return operate('pay.online', Number(a), b ? { system: b } : {});
    case 'offline': return operate('pay.offline', Number(a), { code: b });
    case 'refund': return operate('refund', Number(a), { original_ref: b || paid }, '');
    case 'wait': return conclude(last, await follow(last));
    case 'pending': return pending();
    case 'report': return classic(lib.report(host, module_, a));
    case 'close': return classic(lib.closeDay(host, module_, a === 'detailed' ? 1 : 0));
    case 'activate': {
      const code = lib.activate(host, module_, a, b, c, d === 'force' ? 1 : 0);
      return code < 0 ? complain(code) : console.log('== approved');
    }
    case 'log': return console.log(`${lib.str(last, 'log')}\n== log`);
    default:
      return console.log(t('Команды (суммы в копейках): online СУММА [СИСТЕМА]   offline СУММА КОД   refund СУММА [ОПЕРАЦИЯ]   wait   pending\n'
        + 'report [JSON]   close [detailed]   activate ТЕРМИНАЛ НОМЕР КОД [force]   log   exit. Любая строка во время оплаты - отмена.',
      'Commands (sums in kopecks): online SUM [SYSTEM]   offline SUM CODE   refund SUM [REF]   wait   pending\n'
        + 'report [JSON]   close [detailed]   activate TERMINAL SERIAL CODE [force]   log   exit. Any line during a payment cancels it.') + '\n== help');
  }
}

async function main() {
  let code;
  [code, host] = lib.open(pr.PR_ABI_VERSION, home, pos, pr.PR_F_CONFIRM);
  if (code < 0) {
    complain(code);
    process.exitCode = 1;
    return console_.close();
  }
  lib.setOption(host, 'language', t('ru', 'en'));
  await pending();
  for (let line = await readLine(); line !== null && line !== 'exit'; line = await readLine()) await command(...line.split(' '));
  lib.close(host);
  console_.close();
}

main();
