#!/usr/bin/env bash
# Sells and refunds at the three banks of the SBP, side by side, through libpayrack.so alone, against their sandbox on loopback; closes the
# day, and compares the tills with the sandbox's ledger. It starts what it needs, and leaves nothing running.
set -eu
export LC_ALL=C.UTF-8
programs=$(cd "$1" && pwd)
scripts=$(cd "$(dirname "$0")" && pwd)
language=${2:-ru}
papers=$programs/../demo-sbp
room=$(mktemp -d /tmp/payrack-demo-XXXXXX)
home=$room/payrack
sandbox=0
tills=()
finish() {
  status=$?
  trap - EXIT INT TERM
  [ ${#tills[@]} = 0 ] || { kill "${tills[@]}" 2>/dev/null || true; wait "${tills[@]}" 2>/dev/null || true; }
  [ ! -x "$home/payrack" ] || "$home/payrack" --home "$home" host stop --drain >/dev/null 2>&1 || true
  [ "$sandbox" = 0 ] || { exec 9>&- || true; kill "$sandbox" 2>/dev/null || true; wait "$sandbox" 2>/dev/null || true; }
  rm -rf "$room"
  exit $status
}
trap finish EXIT INT TERM

mkdir -p "$home"
cp -r "$programs/." "$home/"
mkfifo "$room/life"
"$programs/payrack-sandbox" sbp --listen 127.0.0.1:0 --data "$room/sandbox" --ready-file "$room/ready" --with-stdin <"$room/life" >"$room/sandbox.out" 2>&1 &
sandbox=$!
exec 9>"$room/life"
for _ in $(seq 200); do [ -s "$room/ready" ] && break; kill -0 "$sandbox" 2>/dev/null || { cat "$room/sandbox.out"; exit 1; }; sleep 0.05; done
url=$(sed -n 's/.*"url":"\([^"]*\)".*/\1/p' "$room/ready")
export PAYRACK_SANDBOX=$(sed -n 's/.*"control":"\([^"]*\)".*/\1/p' "$room/ready")
access() { "$home/payrack-sandbox" access "$1"; }
payrack() { "$home/payrack" --home "$home" --lang "$language" "$@"; }

cat >"$home/payrack.ini" <<'INI'
[Organization]
Name=ООО "РОМАШКА"
Address=Магазин 12, г. Тула, ул. Мира 1
INN=7101234567
INI
mkdir -p "$home/modules/sbp"
cat >"$home/modules/sbp/sbp.ini" <<INI
[SBP]
Raiffeisen=yes
Gazprombank=yes
RSB=yes

[Raiffeisenbank]
RaiffeisenServer=$(access raiffeisen)
RaiffeisenMerchant=MA341037
RaiffeisenAccount=40702810000000000007
RaiffeisenMode=dynamic
RaiffeisenCashLink=$(access link_raiffeisen)

[Gazprombank]
GazprombankServer=$(access gazprombank)
GazprombankLogin=LA0000000001
GazprombankMerchant=MB0000000001
GazprombankAccount=40702810000000000001
GazprombankMode=dynamic
GazprombankCashLink=$(access link_gazprombank)

[RussianStandard]
RSBServer=$(access rsb)
RSBLogin=payrack
RSBTerminal=10000014
RSBMerchant=MC0000000014
RSBAccount=40702810000000000014
RSBCertificate=$(access client_cert)
RSBKeyFile=$(access client_key)
RSBMode=dynamic
RSBCashLink=$(access link_rsb)

[Connection]
CAFile=$(access ca)
INI
printf sandbox-raiffeisen-key | payrack config set RaiffeisenKey --secret --module sbp >/dev/null
printf sandbox-gpb-password | payrack config set GazprombankPassword --secret --module sbp >/dev/null
payrack module disable sendy

echo "Песочница трех банков: $url; телефон покупателя: $url/phone"
rm -rf "$papers"
mkdir -p "$papers"
banks=(raiffeisen gazprombank rsb)
titles=(Райффайзенбанк Газпромбанк "Русский Стандарт")

# Three at once, each with its bank: till 1, 2, 3. What they show and print goes to a file, and on the screen what they do and what comes of it.
beside() {
  local i bad=0
  for i in 0 1 2; do
    "$1" "$2" $i > >(tee "$papers/${banks[i]}-$2.txt" | sed -u -n "s/^==* ./$(printf '%-12s' "${banks[i]}")&/p") 2>&1 &
    tills+=($!)
  done
  for i in "${tills[@]}"; do wait "$i" || bad=1; done
  tills=()
  [ $bad = 0 ] || { tail -n 40 "$papers"/*-"$2.txt"; exit 1; }
}
cashier() {
  exec "$home/cashier" --home "$home" --pos $(($2 + 1)) --module sbp --lang "$language" --refs "$room/refs$2" --sandbox "$home/payrack-sandbox" \
    --script "$scripts/demo-sbp/${banks[$2]}-$1.txt" --totals "$room/totals-$1-${banks[$2]}" --till-log "$room/till$2"
}
by_command() {
  bank=${banks[$2]}
  export PAYRACK_POS=$(($2 + 1))
  echo "=== 18. То же из командной строки: payrack pay --module sbp --bank $bank, refund, verify-link"
  "$home/payrack-sandbox" pay --wait 30s --system $bank &
  customer=$!
  payrack pay --module sbp --bank $bank --amount 55,00 --online --ref "$bank-cli" --no-prompts
  wait $customer
  payrack refund "$bank-cli" --amount 5,00 --no-prompts
  payrack verify-link --module sbp --code "$(access link_$bank)"
  echo "== approved"
}
beside cashier dynamic
for mode in RaiffeisenMode GazprombankMode RSBMode; do payrack config set $mode link --module sbp 2>/dev/null; done
beside cashier link
beside by_command command


"$home/cashier" --home "$home" --pos 1 --module sbp --lang "$language" --refs "$room/refs0" --script "$scripts/demo-sbp/close.txt" >"$papers/close.txt" || { cat "$papers/close.txt"; exit 1; }
sed '/^ *ОПЕРАЦИИ$/,/^Всего операций/d' "$papers/close.txt"

# What the three printed, 32 columns each: the slips of line $1 of what the tills wrote down.
slips() {
  local i n
  for i in 0 1 2; do payrack slip "$(sed -n "$1s/.*\"ref\":\"\([^\"]*\)\".*/\1/p" "$room/till$i")" --copy 1 --width 32 >"$room/slip$i"; done
  mapfile -t left <"$room/slip0"; mapfile -t middle <"$room/slip1"; mapfile -t right <"$room/slip2"
  for ((n = 0; n < ${#left[@]} || n < ${#middle[@]} || n < ${#right[@]}; n++)); do
    a=${left[n]-} b=${middle[n]-} c=${right[n]-}
    printf '%s%*s%s%*s%s\n' "$a" $((36 - ${#a})) '' "$b" $((36 - ${#b})) '' "$c"
  done
}
echo "Слипы оплаты, возврата части и покупателя, который опоздал; все остальное, что показано и напечатано, лежит в $papers"
slips 1
slips 9
slips 3

echo
echo "Журнал песочницы, который знает правду о деньгах:"
"$home/payrack-sandbox" ledger --json | sed 's/\],"sums".*//; s/},{/}\n{/g' >"$room/ledger"
payrack --pos 1 close-day --module sbp --json 2>/dev/null | tr -d ' \n' | sed 's/},{/}\n{/g' >"$room/close"
sum() { awk -v kind="$1" -v bank="$2" 'index($0, "\"system\":\"" bank "\"") && $0 ~ "\"kind\":\"(" kind ")\"" { sub(/.*"amount":/, ""); n += $0 + 0 } END { printf "%d", n }' "$room/ledger"; }
till() { sed -n "s/.*\"system\":\"$2\".*\"$1\":\([0-9]*\).*/\1/p" "$room/close"; }
bad=0
for i in 0 1 2; do
  paid=$(sum payment "${banks[i]}") back=$(sum 'refund|reversal' "${banks[i]}") agree=СОВПАЛО
  [ "$(till payments_sum "${banks[i]}") $(till refunds_sum "${banks[i]}")" = "$paid $back" ] && [ "$paid" -gt 0 ] || { agree="НЕ СОВПАЛО" bad=1; }
  echo "${titles[i]}: касса: оплаты $(till payments_sum "${banks[i]}"), возвраты $(till refunds_sum "${banks[i]}"); песочница: оплаты $paid, возвраты $back коп. $agree"
done
left=$("$home/payrack-sandbox" faults)
[ -z "$left" ] || { echo "Ответы, которые не были потеряны:"; echo "$left"; bad=1; }
[ $bad = 0 ] || exit 1
echo "ИТОГИ СОВПАЛИ ДО КОПЕЙКИ"
echo
echo "Реестр Райффайзенбанка за день и журнал:"
"$home/payrack-sandbox" registry --out "$room/registry.csv"
payrack reconcile --module sbp --file "$room/registry.csv" 2>/dev/null
echo
echo "Журнал, указатель, кассы и песочница, по правилам о деньгах:"
payrack check --module sbp --ledger "$PAYRACK_SANDBOX" --till "$room/till0" --till "$room/till1" --till "$room/till2" --quiet-since "$(date -d '+1 minute' '+%F %T')"
