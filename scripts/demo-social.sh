#!/usr/bin/env bash
# Sells receipts of which public funds pay a part, through libpayrack.so alone, against the sandboxes of Social processing and SBP on loopback: goods
# and sums, the cashier's word, the rest by SBP, refusals, returns, lost answers and kills; then holds journals, till and ledgers against each other.
# It starts what it needs, and leaves nothing running.
set -eu
export LC_ALL=C.UTF-8
programs=$(cd "$1" && pwd)
scripts=$(cd "$(dirname "$0")" && pwd)
language=${2:-ru}
papers=$programs/../demo-social
room=$(mktemp -d /tmp/payrack-demo-XXXXXX)
home=$room/payrack
sandboxes=()
finish() {
  status=$?
  trap - EXIT INT TERM
  [ ! -x "$home/payrack" ] || "$home/payrack" --home "$home" host stop --drain >/dev/null 2>&1 || true
  exec 9>&- || true
  for pid in "${sandboxes[@]}"; do kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; done
  rm -rf "$room"
  exit $status
}
trap finish EXIT INT TERM

mkdir -p "$home" "$papers"
rm -f "$papers"/*
cp -r "$programs/." "$home/"
cd "$room" # the script names the sandboxes' files from here
mkfifo life
sandbox() {
  "$programs/payrack-sandbox" "$1" --listen 127.0.0.1:0 --data "$room/$1" --ready-file "$room/$1.ready" --with-stdin <life >"$1.out" 2>&1 &
  sandboxes+=($!)
  [ -e /proc/self/fd/9 ] || exec 9>life
  for _ in $(seq 200); do [ -s "$1.ready" ] && break; kill -0 "${sandboxes[-1]}" 2>/dev/null || { cat "$1.out"; exit 1; }; sleep 0.05; done
}
url() { sed -n 's/.*"url":"\([^"]*\)".*/\1/p' "$1.ready"; }
payrack() { "$home/payrack" --home "$home" --lang "$language" "$@"; }
cashier() {
  "$home/cashier" --home "$home" --pos 4 --lang "$language" --module socproc --refs refs --sandbox "$home/payrack-sandbox" --till-log till "$@"
}
# Shows what a till does, and keeps all that it shows and prints.
show() {
  sed -n -e 's/^=== /\n&/p' -e '/^== /p' -e '/Списать\|Write off/p' -e '/ (-[0-9]*)$/p' -e '/^  .*\[/p' -e '/^\[/p' -e '/^Чека нет\|^No receipt/p' "$1"
}

sandbox socproc
sandbox sbp
export PAYRACK_SANDBOX=$(url socproc)
cat >"$home/payrack.ini" <<'INI'
[Organization]
Name=ООО "РОМАШКА"
Address=Магазин 12, г. Тула, ул. Мира 1
INN=7101234567
INI
mkdir -p "$home/modules/socproc" "$home/modules/sbp"
printf '[Merchant]\nurl=%s\nenterprise_id=ENT-1\nmerchant_id=SHOP-1\nsp_code=FOOD\n\n[Terminal]\nTerminalNo=T-01\n' "$(url socproc)" >"$home/modules/socproc/socproc.ini"
printf '[SBP]\nRaiffeisen=yes\n\n[Raiffeisenbank]\nRaiffeisenServer=%s/raiffeisen/api\nRaiffeisenMerchant=MA341037\n' "$(url sbp)" >"$home/modules/sbp/sbp.ini"
for m in sendy kvell lombard; do payrack module disable $m; done >/dev/null 2>&1
printf sandbox-raiffeisen-key | payrack config set RaiffeisenKey --secret --module sbp >/dev/null 2>&1
echo "Социальный процессинг: песочница $(url socproc), телефон $(url socproc)/phone; СБП: $(url sbp)"

set +e
cashier --script "$scripts/demo-social/receipts.txt" >"$papers/receipts.txt" 2>&1
status=$?
set -e
show "$papers/receipts.txt"
[ $status -gt 128 ] || { tail -n 40 "$papers/receipts.txt"; exit 1; } # the last step is the till's death
echo "касса убита"

echo
echo "=== 17. После запуска касса находит списанное. Чека не было: социальная часть возвращается"
payrack --pos 4 pending
printf '%s\n' 'goods 4600000000017 1000 8900 Молоко' 'answer 1' "$(grep -m1 '^social' "$scripts/demo-social/receipts.txt")" 'expect approved' 'rest cash' >again.txt
reversed=$("$home/payrack-sandbox" ledger --json | grep -o '"kind": *"reversal"' | wc -l)
ref=$(payrack --pos 4 --json pending | tr ',' '\n' | sed -n 's/.*"ref": *"\(4-[^"~]*\)".*/\1/p' | head -1)
payrack --pos 4 reverse "$ref" 2>/dev/null | head -3
for _ in $(seq 400); do [ "$("$home/payrack-sandbox" ledger --json | grep -o '"kind": *"reversal"' | wc -l)" -gt "$reversed" ] && break; sleep 0.05; done

echo
echo "=== 18. Модуль убит, пока сервис держит ответ на списание: списано один раз, и касса узнает"
"$home/payrack-sandbox" fault delay --work --delay 20s --method POST --path '/v1/reservations/*/confirm' >/dev/null
paid() { "$home/payrack-sandbox" ledger --json | grep -o '"kind": *"payment"' | wc -l; }
before=$(paid)
cashier --script again.txt >"$papers/killed.txt" 2>&1 &
till=$!
for _ in $(seq 400); do [ "$(paid)" -gt "$before" ] && break; sleep 0.05; done
kill -9 "$(payrack module list --json 2>/dev/null | tr -d ' \n' | sed 's/},{/}\n{/g' | sed -n '/"id":"socproc"/s/.*"pid":\([0-9]*\).*/\1/p')"
echo "убит процесс модуля"
wait "$till" || { cat "$papers/killed.txt"; exit 1; }
show "$papers/killed.txt"

echo
echo "=== 19. Из командной строки: корзина из файла, и ее слип"
cat >basket.json <<'JSON'
[{"position":1,"barcode":"4600000000017","name":"Молоко 3,2% 1 л","quantity":2000,"price":8900,"sum":17800},
 {"position":2,"barcode":"4600000000031","name":"Сыр","quantity":300,"price":70000,"sum":21000}]
JSON
card=$(sed -n 's/^social \(hash=[^;]*1\)$/\1/p' "$scripts/demo-social/receipts.txt" | head -1)
{ echo "$card"; echo 1; } | payrack --pos 5 pay --module socproc --basket basket.json --amount 388,00 --card - --ref S-19 --answers-from-stdin 2>/dev/null
payrack --pos 5 slip S-19 --copy 1 --width 42
payrack --pos 5 confirm S-19 2>/dev/null | head -1

echo
echo "=== 20. День закрыт, итоги по программам"
printf '%s\n' 'close detailed' 'expect approved' >close.txt
cashier --script close.txt >"$papers/close.txt" 2>&1 || { cat "$papers/close.txt"; exit 1; }
cat "$papers/close.txt" | grep -v TOTALS

bad=0
for service in socproc sbp; do
  "$home/payrack-sandbox" --ready-file $service.ready faults >faults
  [ ! -s faults ] || { echo "Ответы, которые не были испорчены ($service):"; cat faults; bad=1; }
  echo
  echo "=== $service: журнал, указатель и песочница, по правилам о деньгах"
  payrack check --module $service --ledger "$(url $service)/control" --quiet-since "$(date -d '+1 minute' '+%F %T')" || bad=1
done
echo
echo "=== Касса и журналы всех модулей"
payrack check --till till --quiet-since "$(date -d '+1 minute' '+%F %T')" >checked || bad=1
tail -n 1 checked

echo
echo "=== Хеш и номер карты во всем, что записано (кроме песочниц)"
payrack host stop --drain >/dev/null 2>&1 || true
cp till refs "$papers/"
if grep -rlaE 'a1f0c0de0000|2200120000061234' --exclude=socproc --exclude=sbp --exclude=kvell --exclude=lombard --exclude=sendy "$home"/modules "$home/Log" "$home"/*.db* "$home"/*.ini "$papers" 2>/dev/null; then
  echo "НАЙДЕНЫ"
  bad=1
else
  echo "не найдены"
fi
[ $bad = 0 ] || exit 1
echo "НИ КОПЕЙКИ ДВАЖДЫ"
