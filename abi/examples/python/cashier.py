"""A console cashier over payrack.h: python3 cashier.py LIBRARY [HOME [POS [MODULE]]]. Copy what you need; see docs/en/cashier-programmer.md."""
import base64
import json
import os
import queue
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "bindings", "python"))
import payrack as pr  # noqa: E402

WORDS = {pr.PR_OK: "approved", pr.PR_DECLINED: "declined", pr.PR_CANCELLED: "cancelled", pr.PR_UNKNOWN: "unknown", pr.PR_WAITING: "running"}
ENGLISH = os.environ.get("LANG", "").startswith("en")


def t(ru, en):
    return en if ENGLISH else ru


HELP = t("Команды (суммы в копейках): online СУММА [СИСТЕМА]   offline СУММА КОД   refund СУММА [ОПЕРАЦИЯ]   wait   pending\n"
         "report [JSON]   close [detailed]   activate ТЕРМИНАЛ НОМЕР КОД [force]   log   exit. Любая строка во время оплаты - отмена.",
         "Commands (sums in kopecks): online SUM [SYSTEM]   offline SUM CODE   refund SUM [REF]   wait   pending\n"
         "report [JSON]   close [detailed]   activate TERMINAL SERIAL CODE [force]   log   exit. Any line during a payment cancels it.")


class Till:
    def __init__(self, lib, home, pos, module):
        self.lib, self.home, self.pos, self.module = lib, home, pos, module
        self.host = self.last = 0
        self.paid = ""  # ref of the last approved payment
        self.typed = queue.Queue()  # lines of the cashier; None at their end
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in sys.stdin:
            self.typed.put(line.strip())
        self.typed.put(None)

    def ask(self, question, default=""):
        print("? " + question, flush=True)
        return self.typed.get() or default

    def complain(self, code):
        text = self.lib.last_error(self.host) if self.lib.last_code(self.host) == code else ""
        print("%s (%d) %s" % (text or self.lib.error_text(code, t("ru", "en")), code, self.lib.last_hint(self.host) or ""))
        print("== refused", flush=True)

    def new_ref(self):
        """A new ref, on disk before anybody else hears of it. A till has a receipt number of its own; here it is the number of the line."""
        with open(os.path.join(self.home, "cashier.refs"), "a+") as book:
            book.seek(0)
            receipt = len(book.readlines()) + 1
            ref = "%s-%s-%d" % (self.pos, time.strftime("%Y%m%d-%H%M%S"), receipt)
            book.write(ref + "\n")
            book.flush()
            os.fsync(book.fileno())
        return ref, str(receipt)

    def operate(self, kind, amount, module=None, **params):
        ref, params["receipt"] = self.new_ref()
        code, op = self.lib.start(self.host, self.module if module is None else module, kind, amount, ref, json.dumps(params))
        if code < 0:  # nothing was begun
            return self.complain(code)
        self.conclude(op, self.follow(op))

    def follow(self, op):
        """Polls until the outcome. A cancel is a request: what comes then is still the truth."""
        while True:
            code, event, ident = self.lib.poll(op, 100)
            if code == pr.PR_EVENT:
                self.show(op, event, ident)
            elif code != pr.PR_WAITING:
                return self.lib.outcome(op) if code == pr.PR_FINISHED else pr.PR_UNKNOWN  # an error says nothing about money
            elif not self.typed.empty() and self.typed.get() is not None:
                print(t("Отменяем...", "Cancelling..."), flush=True)
                self.lib.cancel(op, t("кассир", "cashier"))

    def show(self, op, event, ident):
        get = lambda key: self.lib.event_str(op, key) or ""  # noqa: E731
        if event in (pr.PR_EV_STATUS, pr.PR_EV_CUSTOMER):
            print("· " + get("text"), flush=True)
        elif event == pr.PR_EV_QR_SHOW:
            with open(os.path.join(self.home, "qr.png"), "wb") as picture:  # for a window; here the terminal draws it
                picture.write(base64.b64decode(get("png_base64")))
            print("%s\n%s\n%s" % (get("qr_text"), get("caption"), get("payload")))
            print(t("QR-код показан. Enter - отмена.", "The QR code is shown. Enter cancels."), flush=True)
        elif event == pr.PR_EV_QR_HIDE:
            print(t("QR-код снят.", "The QR code is gone."))
        elif event == pr.PR_EV_PRINT:
            print(get("text"))
            self.lib.answer(op, ident, "1")
        elif event in (pr.PR_EV_CONFIRM, pr.PR_EV_CHOICE, pr.PR_EV_INPUT):
            for item in json.loads(get("items") or "[]"):
                print("  %s - %s" % (item["id"], item["text"]))
            code = self.lib.answer(op, ident, self.ask(get("title") or get("text"), get("default")))
            if code < 0:
                print(self.lib.last_error(self.host))
        # what is not known is skipped

    def conclude(self, op, outcome):
        """Tells the outcome, prints the slips and the receipt, and confirms; or gives the money back where there is no receipt."""
        if self.last and self.last != op:
            self.lib.release(self.last)
        self.last, ack = op, "-"
        kind, ref = self.lib.str(op, "kind"), self.lib.str(op, "ref")
        amount = self.lib.int(op, "approved_amount")[1]
        print(self.lib.str(op, "text") or "")
        if outcome != pr.PR_OK:
            print(self.lib.str(op, "hint") or "")
        for copy in range(1, self.lib.int(op, "slips")[1] + 1):
            print((self.lib.slip(op, copy, "text", "utf-8", 0) or b"").decode())
        if outcome == pr.PR_OK and kind.startswith("pay."):
            self.paid = ref
        if outcome == pr.PR_OK and self.lib.int(op, "can_confirm")[1]:
            print(t("[ЧЕК %d.%02d]", "[RECEIPT %d.%02d]") % divmod(amount, 100))
            reply = self.ask(t("Чек напечатан? 1 - да, 0 - вернуть деньги, пусто - решить позже",
                               "Receipt printed? 1 yes, 0 give the money back, empty: decide later"))
            code, ack = pr.PR_OK, "left"
            if reply == "1":
                code, ack = self.lib.confirm(op), "confirmed"
            elif reply == "0":
                code, ack = self.lib.reverse(op, t("чек не напечатан", "no receipt")), "reversed"
            if code < 0:
                return self.complain(code)
        print("== %s %s %s %d %s" % (WORDS.get(outcome, "refused"), ref, kind, amount, ack), flush=True)

    def pending(self):
        """What an earlier run left: each is waited for, then confirmed or reversed."""
        count = self.lib.pending_count(self.host)
        for ref in [self.lib.pending_ref(self.host, i) for i in range(count)]:
            code, op = self.lib.attach(self.host, ref)
            if code == pr.PR_OK:
                print(t("Не завершена: ", "Pending: ") + ref)
                self.conclude(op, self.follow(op))
        print("== pending %d" % count, flush=True)

    def classic(self, code, op):
        self.complain(code) if code < 0 else self.conclude(op, code)

    def command(self, word, a="", b="", c="", d=""):
        if word == "online":
            self.operate("pay.online", int(a), **({"system": b} if b else {}))
        elif word == "offline":
            self.operate("pay.offline", int(a), code=b)
        elif word == "refund":
            self.operate("refund", int(a), module="", original_ref=b or self.paid)
        elif word == "wait":
            self.conclude(self.last, self.follow(self.last))
        elif word == "pending":
            self.pending()
        elif word == "report":
            self.classic(*self.lib.report(self.host, self.module, a))
        elif word == "close":
            self.classic(*self.lib.close_day(self.host, self.module, int(a == "detailed")))
        elif word == "activate":
            code = self.lib.activate(self.host, self.module, a, b, c, int(d == "force"))
            self.complain(code) if code < 0 else print("== approved", flush=True)
        elif word == "log":
            print(self.lib.str(self.last, "log"))
            print("== log", flush=True)
        else:
            print(HELP)
            print("== help", flush=True)


def main(file, home=".", pos="1", module="sendy"):
    sys.stdout.reconfigure(encoding="utf-8")
    sys.stdin.reconfigure(encoding="utf-8")
    till = Till(pr.Payrack(file), home, pos, module)
    code, till.host = till.lib.open(pr.PR_ABI_VERSION, home, pos, pr.PR_F_CONFIRM)
    if code < 0:
        till.complain(code)
        return 1
    till.lib.set_option(till.host, "language", t("ru", "en"))
    till.pending()
    while (line := till.typed.get()) not in (None, "exit"):
        try:
            till.command(*line.split(" "))
        except (TypeError, ValueError):
            till.command("help")
    till.lib.close(till.host)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
