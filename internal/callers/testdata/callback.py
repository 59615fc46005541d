"""Pays with a callback, from payrack's thread and in a classic call. Arguments: the library, the installation, two codes of customers."""
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../abi/bindings/python"))
import payrack as pr  # noqa: E402

lib = pr.Payrack(sys.argv[1])
code, host = lib.open(pr.PR_ABI_VERSION, sys.argv[2], "4", 0)
own, seen = threading.get_ident(), []
lib.set_callback(host, lambda user, op, event, ident: seen.append((threading.get_ident() == own, lib.event_str(op, "text"))))
code, op = lib.start(host, "sendy", "pay.offline", 100, "back-1", '{"code":"%s"}' % sys.argv[3])
while lib.poll(op, 10000)[0] == pr.PR_WAITING:
    pass
apart, outcome = list(seen), lib.outcome(op)
code, op = lib.pay_offline(host, "sendy", 200, "back-2", sys.argv[4])
lib.set_callback(host, None)
lib.close(host)
print("apart %d here %d outcomes %d %d" % (sum(not own for own, _ in apart), sum(own for own, _ in seen[len(apart):]), outcome, code))
