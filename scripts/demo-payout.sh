#!/usr/bin/env bash
# Pays loans out to cards through libpayrack.so alone, against the services' sandboxes on loopback: every dialogue, refusals, lost answers, wrong codes
# and kills; then holds journals, tills and ledgers against each other, and looks for card numbers in everything that was written. It starts what it
# needs, and leaves nothing running.
set -eu
export LC_ALL=C.UTF-8
programs=$(cd "$1" && pwd)
scripts=$(cd "$(dirname "$0")" && pwd)
language=${2:-ru}
papers=$programs/../demo-payout
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
mkfifo "$room/life"
# A sandbox, and where it is: sandbox NAME [ARGS]
sandbox() {
  local name=$1
  shift
  "$programs/payrack-sandbox" "$name" --listen 127.0.0.1:0 --data "$room/$name" --ready-file "$room/$name.ready" --with-stdin "$@" <"$room/life" >"$room/$name.out" 2>&1 &
  sandboxes+=($!)
  [ -e /proc/self/fd/9 ] || exec 9>"$room/life"
  for _ in $(seq 200); do [ -s "$room/$name.ready" ] && break; kill -0 "${sandboxes[-1]}" 2>/dev/null || { cat "$room/$name.out"; exit 1; }; sleep 0.05; done
}
url() { sed -n 's/.*"url":"\([^"]*\)".*/\1/p' "$room/$1.ready"; }
payrack() { "$home/payrack" --home "$home" --lang "$language" "$@"; }
cashier() {
  "$home/cashier" --home "$home" --pos 4 --lang "$language" --refs "$room/refs" --sandbox "$home/payrack-sandbox" --till-log "$room/till-$service" "$@"
}
# Shows what a till does, and keeps all that it shows and prints.
show() {
  local paper=$papers/$1.txt
  shift
  "$@" >>"$paper" 2>&1 || { tail -n 40 "$paper"; exit 1; }
  sed -n -e 's/^=== /\n&/p' -e '/^== /p' -e '/^· /p' -e '/: \*\*\*$/p' -e '/ (-[0-9]*)$/p' -e '/^1 - /p' "$paper"
}

cat >"$home/payrack.ini" <<'INI'
[Organization]
Name=ООО "РОМАШКА"
Address=Магазин 12, г. Тула, ул. Мира 1
INN=7101234567
INI
payrack module disable sendy sbp >/dev/null 2>&1 || { payrack module disable sendy; payrack module disable sbp; } >/dev/null

service=kvell
sandbox $service
export PAYRACK_SANDBOX=$(url kvell)
echo "=== KVELL: песочница $(url kvell), телефон клиента $(url kvell)/phone"
echo
echo "=== Без настроек: только наличными, и касса узнаёт это до всякого вопроса"
printf '%s\n' 'payout 345000 {"document":"ПЕ800","card":"2200120000061234"}' 'expect refused' >"$room/closed.txt"
cashier --module kvell --script "$room/closed.txt" | grep -v TOTALS
payrack info health --module kvell

echo
echo "=== Ключи без OpenSSL: закрытый остается здесь, открытый уходит в KVELL"
mkdir -p "$home/modules/kvell"
printf '[KVELL]\nServer=%s\n\n[Slip]\nSlipCopies=2\n' "$(url kvell)" >"$home/modules/kvell/kvell.ini"
printf 7f0c1f9e-0000-4000-8000-000000000001 | payrack config set APIKey --secret --module kvell >/dev/null
printf sandbox-kvell-secret | payrack config set SecretKey --secret --module kvell >/dev/null
payrack keys generate kvell --out "$room/publickey.pem"
"$home/payrack-sandbox" settings "public_key=\"$(sed ':a;N;$!ba;s/\n/\\n/g' "$room/publickey.pem")\"" >/dev/null

show kvell cashier --module kvell --script "$scripts/demo-payout/kvell.txt"

echo
echo "=== 19. Модуль убит, пока сервис держит ответ: деньги ушли, и ушли один раз"
"$home/payrack-sandbox" fault delay --work --delay 20s --method POST --path /v1/orders/account2card >/dev/null
printf '%s\n' 'answer 1' 'payout 230000 {"document":"ПЕ815","card":"2200120000061234"}' 'wait' 'expect approved' >"$room/killed.txt"
before=$("$home/payrack-sandbox" orders | wc -l)
cashier --module kvell --script "$room/killed.txt" >"$papers/killed.txt" 2>&1 &
till=$!
for _ in $(seq 400); do [ "$("$home/payrack-sandbox" orders | wc -l)" -gt "$before" ] && break; sleep 0.05; done
module=$(payrack module list --json 2>/dev/null | tr -d ' \n' | sed 's/},{/}\n{/g' | sed -n '/"id":"kvell"/s/.*"pid":\([0-9]*\).*/\1/p')
kill -9 "$module"
echo "убит процесс модуля"
wait "$till" || { cat "$papers/killed.txt"; exit 1; }
grep '^== ' "$papers/killed.txt"

echo
echo "=== 20. То же из командной строки: payrack payout; номер карты со стандартного ввода"
payrack config set Statement none --module kvell >/dev/null 2>&1
echo '{"name":"ПЕТРОВ СЕРГЕЙ ОЛЕГОВИЧ","passport":"паспорт 70 03 123456"}' >"$room/client.json"
echo 2200120000061234 | payrack --pos 5 payout --module kvell --amount 240,00 --document ПЕ816 --card - --client "$room/client.json" --ref P-816 --no-prompts 2>/dev/null
payrack --pos 5 certificate P-816 --out "$papers/certificate.pdf"
payrack --pos 5 slip P-816 --format pdf --out "$papers/statement.pdf"
payrack --pos 5 slip P-816 --copy 2 --width 42

echo
echo "=== 21. Тестовый терминал: другой сервер, и ТЕСТ на всем"
payrack config set TestServer "$(url kvell)" --module kvell >/dev/null 2>&1
payrack config set TestTerminal yes --module kvell >/dev/null 2>&1
echo 2200120000061234 | payrack --pos 5 payout --module kvell --amount 1,00 --document ПЕ817 --card - --ref P-817 --no-prompts 2>/dev/null
payrack --pos 5 slip P-817 --copy 1 | head -2
payrack config set TestTerminal no --module kvell >/dev/null 2>&1

echo
echo "=== 22. Журнал запросов: неуспешные"
payrack requests --module kvell --failed --limit 8 2>/dev/null
payrack requests --module kvell --csv --out "$papers/requests.csv" 2>/dev/null

service=lombard
sandbox $service
export PAYRACK_SANDBOX=$(url lombard)
echo
echo "=== Lombard Payments: песочница $(url lombard), телефон оператора $(url lombard)/phone"
mkdir -p "$home/modules/lombard"
printf '[Lombard]\nServer=%s\nHTTPS=no\nNetworkID=11\nBranchID=21\n\n[Slip]\nSlipCopies=2\n' "$(url lombard | sed 's#http://##')" >"$home/modules/lombard/lombard.ini"
printf sandbox-lombard-network-key | payrack config set NetworkKey --secret --module lombard >/dev/null 2>&1
show lombard cashier --module lombard --script "$scripts/demo-payout/lombard.txt"

echo
echo "=== 16. Модуль убит, пока сервис держит ответ на подтверждение: деньги ушли, и ушли один раз"
"$home/payrack-sandbox" fault delay --work --delay 20s --skip 1 --method POST --path /v2/transaction/pay >/dev/null
printf '%s\n' 'answer 2200120000061234' 'answer OLGA SIDOROVA' 'answer 1' 'answer 1' \
  'payout 250000 {"document":"ЛБ916","client":{"name":"СИДОРОВА ОЛЬГА ПЕТРОВНА","passport":"70 03 123456"}}' 'wait' 'expect approved' >"$room/killed-lombard.txt"
paid() { "$home/payrack-sandbox" payouts --json | grep -oE '"status": ?2' | wc -l; }
before=$(paid)
cashier --module lombard --script "$room/killed-lombard.txt" >"$papers/killed-lombard.txt" 2>&1 &
till=$!
for _ in $(seq 400); do [ "$(paid)" -gt "$before" ] && break; sleep 0.05; done
module=$(payrack module list --json 2>/dev/null | tr -d ' \n' | sed 's/},{/}\n{/g' | sed -n '/"id":"lombard"/s/.*"pid":\([0-9]*\).*/\1/p')
kill -9 "$module"
echo "убит процесс модуля"
wait "$till" || { cat "$papers/killed-lombard.txt"; exit 1; }
grep '^== ' "$papers/killed-lombard.txt"

echo
echo "=== 17. Из командной строки: вход, карты, выплата, журнал и заявления сервиса"
printf '%s\n' 79000000002 head-pass | payrack sign-in lombard --again --answers-from-stdin 2>/dev/null
payrack cards lombard --client "$room/client.json" 2>/dev/null
printf '%s\n' 1 1 1 | payrack payout --module lombard --amount 260,00 --document ЛБ917 --client "$room/client.json" --ref L-917 --answers-from-stdin 2>/dev/null
payrack slip L-917 --copy 2 --width 32
payrack journal lombard 2>/dev/null | tail -4
payrack documents lombard 2>/dev/null | tail -3
document=$(payrack documents lombard --json 2>/dev/null | tr ',' '\n' | sed -n 's/.*"id": *"\([0-9a-f]*\)".*/\1/p' | tail -1)
payrack document lombard "$document" --out "$papers/application.pdf" 2>/dev/null
payrack sign-ins lombard 2>/dev/null

bad=0
for service in kvell lombard; do
  "$home/payrack-sandbox" --ready-file "$room/$service.ready" faults >"$room/faults"
  [ ! -s "$room/faults" ] || { echo "Ответы, которые не были потеряны ($service):"; cat "$room/faults"; bad=1; }
  echo
  echo "=== $service: журнал, указатель, касса и песочница, по правилам о деньгах"
  payrack check --module $service --ledger "$(url $service)/control" --till "$room/till-$service" --quiet-since "$(date -d '+1 minute' '+%F %T')" || bad=1
  twice=$("$home/payrack-sandbox" --ready-file "$room/$service.ready" ledger --json | grep -o '"key":"[^"]*"' | sort | uniq -d)
  [ -z "$twice" ] || { echo "ВЫПЛАЧЕНО ДВАЖДЫ: $twice"; bad=1; }
done

echo
echo "=== Номера карт и паспорт во всем, что записано (кроме песочниц): журналы, логи, настройки, слипы, вывод"
payrack host stop --drain >/dev/null 2>&1 || true
cp "$room"/till-* "$room"/refs "$papers/"
if grep -rlaE --exclude=kvell --exclude=lombard '2200 ?1200 ?0006 ?1234|4000000000000(002|010|259|036)|70 03 123456' "$home"/modules/kvell "$home/Log" "$home"/*.db* "$home"/*.ini "$papers" 2>/dev/null; then
  echo "НАЙДЕНЫ"
  bad=1
else
  echo "не найдены"
fi
[ $bad = 0 ] || exit 1
echo "НИ ОДНОЙ ВТОРОЙ ВЫПЛАТЫ"
