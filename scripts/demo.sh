#!/usr/bin/env bash
# Sells, refunds and closes a day through libpayrack.so alone, against the Sendy sandbox on loopback, and compares the till with the
# sandbox's ledger. It starts what it needs, and leaves nothing running.
set -eu
programs=$(cd "$1" && pwd)
scripts=$(cd "$(dirname "$0")" && pwd)
room=$(mktemp -d /tmp/payrack-demo-XXXXXX)
home=$room/payrack
sandbox=0
finish() {
  status=$?
  trap - EXIT INT TERM
  [ ! -x "$home/payrack" ] || "$home/payrack" --home "$home" host stop --drain >/dev/null 2>&1 || true
  [ "$sandbox" = 0 ] || { exec 9>&- || true; kill "$sandbox" 2>/dev/null || true; wait "$sandbox" 2>/dev/null || true; }
  rm -rf "$room"
  exit $status
}
trap finish EXIT INT TERM

mkdir -p "$home"
cp -r "$programs/." "$home/"
mkfifo "$room/life"
"$programs/payrack-sandbox" sendy --listen 127.0.0.1:0 --data "$room/sandbox" --ready-file "$room/ready" --with-stdin <"$room/life" >"$room/sandbox.out" 2>&1 &
sandbox=$!
exec 9>"$room/life"
for _ in $(seq 200); do [ -s "$room/ready" ] && break; kill -0 "$sandbox" 2>/dev/null || { cat "$room/sandbox.out"; exit 1; }; sleep 0.05; done
url=$(sed -n 's/.*"url":"\([^"]*\)".*/\1/p' "$room/ready")
export PAYRACK_SANDBOX=$(sed -n 's/.*"control":"\([^"]*\)".*/\1/p' "$room/ready")

cat >"$home/payrack.ini" <<'INI'
[Organization]
Name=ООО "РОМАШКА"
Address=Магазин 12, г. Тула, ул. Мира 1
INN=7101234567
INI
mkdir -p "$home/modules/sendy"
printf '[Sendy]\nServer=%s\n' "$url" >"$home/modules/sendy/sendy.ini"

echo "Песочница Sendy: $url; телефон покупателя: $url/phone"
"$home/cashier" --home "$home" --pos 4 --sandbox "$home/payrack-sandbox" --script "$scripts/demo.txt" --totals "$room/totals" --till-log "$room/till"
echo
echo "Журнал песочницы, который знает правду о деньгах:"
"$home/payrack-sandbox" ledger
"$home/payrack-sandbox" ledger --json >"$room/ledger"
sum() { n=$(sed -n "s/.*\"sums\":.*\"$1\":{[^}]*\"amount\":\([0-9]*\).*/\1/p" "$room/ledger"); echo "${n:-0}"; }
till() { sed -n "s/.*\"$1\":\(-\{0,1\}[0-9]*\).*/\1/p" "$room/totals"; }
paid=$(sum payment) back=$(($(sum refund) + $(sum reversal)))
echo "касса:     оплаты $(till approved), возвраты $(till refunded), итого $(till net) коп."
echo "песочница: оплаты $paid, возвраты $back, итого $((paid - back)) коп."
if [ "$(till approved)" != "$paid" ] || [ "$(till refunded)" != "$back" ] || [ "$(till net)" != $((paid - back)) ]; then
  echo "ИТОГИ НЕ СОВПАЛИ"
  exit 1
fi
echo "ИТОГИ СОВПАЛИ ДО КОПЕЙКИ"
echo
echo "Журнал, указатель, касса и песочница, по правилам о деньгах:"
"$home/payrack" --home "$home" check --module sendy --ledger "$PAYRACK_SANDBOX" --till "$room/till" --quiet-since "$(date -d '+1 minute' '+%F %T')"
