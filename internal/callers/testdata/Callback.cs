// Pays with a callback, from payrack's thread and in a classic call. Arguments: the installation, two codes of customers.
using System;
using System.Threading;

static class Program
{
    static int own, apart, here;

    static void Heard(IntPtr user, int op, int ev, int id)
    {
        if (string.IsNullOrEmpty(Payrack.EventStr(op, "text")))
            return;
        if (Thread.CurrentThread.ManagedThreadId == own)
            Interlocked.Increment(ref here);
        else
            Interlocked.Increment(ref apart);
    }

    static int Main(string[] args)
    {
        int host, op, ev, id;
        own = Thread.CurrentThread.ManagedThreadId;
        Payrack.Load(args[0]);
        if (Payrack.Open(Payrack.PR_ABI_VERSION, args[0], "4", 0, out host) < 0)
            return 1;
        Payrack.SetCallback(host, Heard);
        GC.Collect(); // the binding keeps the delegate
        Payrack.Start(host, "sendy", "pay.offline", 100, "back-1", "{\"code\":\"" + args[1] + "\"}", out op);
        while (Payrack.Poll(op, 10000, out ev, out id) == Payrack.PR_WAITING)
            GC.Collect();
        int outcome = Payrack.Outcome(op), classic = Payrack.PayOffline(host, "sendy", 200, "back-2", args[2], out op);
        Payrack.SetCallback(host, null);
        Payrack.Close(host);
        Console.WriteLine("apart {0} here {1} outcomes {2} {3}", apart, here, outcome, classic);
        return 0;
    }
}
