// A console cashier over payrack.h: Cashier.exe [HOME [POS [MODULE]]], built with bindings/csharp/Payrack.cs, beside the library.
// Copy what you need; see docs/en/cashier-programmer.md.
using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Threading;

static class Cashier
{
    static readonly bool english = (Environment.GetEnvironmentVariable("LANG") ?? "").StartsWith("en");
    static readonly Queue<string> typed = new Queue<string>(); // the cashier's lines; null at their end
    static string home = ".", pos = "1", module = "sendy", paid = "";
    static int host, last;

    static string T(string ru, string en) { return english ? en : ru; }

    static void Say(string text) { Console.Out.WriteLine(text); Console.Out.Flush(); }

    static int Main(string[] args)
    {
        Console.OutputEncoding = Console.InputEncoding = new UTF8Encoding(false);
        if (args.Length > 0) home = args[0];
        if (args.Length > 1) pos = args[1];
        if (args.Length > 2) module = args[2];
        Payrack.Load(home); // on Windows: payrack.dll of the installation
        int code = Payrack.Open(Payrack.PR_ABI_VERSION, home, pos, Payrack.PR_F_CONFIRM, out host);
        if (code < 0)
        {
            Complain(code);
            return 1;
        }
        Payrack.SetOption(host, "language", T("ru", "en"));
        Thread reader = new Thread(Read);
        reader.IsBackground = true;
        reader.Start();
        Pending();
        for (string line = ReadLine(); line != null && line != "exit"; line = ReadLine())
            Command(line.Split(' '));
        Payrack.Close(host);
        return 0;
    }

    static void Read()
    {
        string line;
        do
        {
            line = Console.In.ReadLine();
            lock (typed)
            {
                typed.Enqueue(line);
                Monitor.Pulse(typed);
            }
        } while (line != null);
    }

    static string ReadLine()
    {
        lock (typed)
        {
            while (typed.Count == 0)
                Monitor.Wait(typed);
            return typed.Peek() == null ? null : typed.Dequeue(); // the end stays the end
        }
    }

    static bool Typed()
    {
        lock (typed)
            return typed.Count > 0 && typed.Peek() != null;
    }

    static string Ask(string question, string standard)
    {
        Say("? " + question);
        string line = ReadLine();
        return string.IsNullOrEmpty(line) ? standard : line;
    }

    static void Complain(int code)
    {
        string text = Payrack.LastCode(host) == code ? Payrack.LastError(host) : null;
        Say((string.IsNullOrEmpty(text) ? Payrack.ErrorText(code, T("ru", "en")) : text) + " (" + code + ") " + Payrack.LastHint(host));
        Say("== refused");
    }

    // A new ref, on disk before anybody else hears of it. A till has a receipt number of its own; here it is the number of the line.
    static string NewRef(out int receipt)
    {
        string name = Path.Combine(home, "cashier.refs");
        receipt = (File.Exists(name) ? File.ReadAllLines(name).Length : 0) + 1;
        string reference = pos + "-" + DateTime.Now.ToString("yyyyMMdd-HHmmss") + "-" + receipt;
        using (FileStream book = new FileStream(name, FileMode.Append))
        {
            byte[] line = Encoding.ASCII.GetBytes(reference + "\n");
            book.Write(line, 0, line.Length);
            book.Flush(true); // to the disk
        }
        return reference;
    }

    static void Operate(string kind, string amount, string of, string key, string value)
    {
        int receipt, op;
        string reference = NewRef(out receipt);
        string parameters = "{\"receipt\":\"" + receipt + "\"" + (value == "" ? "" : ",\"" + key + "\":" + Quoted(value)) + "}";
        long sum;
        long.TryParse(amount, out sum);
        int code = Payrack.Start(host, of, kind, sum, reference, parameters, out op);
        if (code < 0)
            Complain(code); // nothing was begun
        else
            Conclude(op, Follow(op));
    }

    // Polls until the outcome. A cancel is a request: what comes then is still the truth.
    static int Follow(int op)
    {
        for (;;)
        {
            int ev, id, code = Payrack.Poll(op, 100, out ev, out id);
            if (code == Payrack.PR_EVENT)
                Show(op, ev, id);
            else if (code != Payrack.PR_WAITING)
                return code == Payrack.PR_FINISHED ? Payrack.Outcome(op) : Payrack.PR_UNKNOWN; // an error says nothing about money
            else if (Typed())
            {
                ReadLine();
                Say(T("Отменяем...", "Cancelling..."));
                Payrack.Cancel(op, T("кассир", "cashier"));
            }
        }
    }

    static void Show(int op, int ev, int id)
    {
        switch (ev)
        {
            case Payrack.PR_EV_STATUS:
            case Payrack.PR_EV_CUSTOMER:
                Say("· " + Payrack.EventStr(op, "text"));
                break;
            case Payrack.PR_EV_QR_SHOW:
                // For a window; here the terminal draws it.
                File.WriteAllBytes(Path.Combine(home, "qr.png"), Convert.FromBase64String(Payrack.EventStr(op, "png_base64") ?? ""));
                Say(Payrack.EventStr(op, "qr_text") + "\n" + Payrack.EventStr(op, "caption") + "\n" + Payrack.EventStr(op, "payload"));
                Say(T("QR-код показан. Enter - отмена.", "The QR code is shown. Enter cancels."));
                break;
            case Payrack.PR_EV_QR_HIDE:
                Say(T("QR-код снят.", "The QR code is gone."));
                break;
            case Payrack.PR_EV_PRINT:
                Say(Payrack.EventStr(op, "text"));
                Payrack.Answer(op, id, "1");
                break;
            case Payrack.PR_EV_CONFIRM:
            case Payrack.PR_EV_CHOICE:
            case Payrack.PR_EV_INPUT:
                string items = Payrack.EventStr(op, "items"), title = Payrack.EventStr(op, "title"), choice;
                for (int at = 0; (choice = JsonText(items, "id", ref at)) != null;)
                    Say("  " + choice + " - " + JsonText(items, "text", ref at));
                if (Payrack.Answer(op, id, Ask(string.IsNullOrEmpty(title) ? Payrack.EventStr(op, "text") : title, Payrack.EventStr(op, "default") ?? "")) < 0)
                    Say(Payrack.LastError(host));
                break;
        } // what is not known is skipped
    }

    // Tells the outcome, prints the slips and the receipt, and confirms; or gives the money back where there is no receipt.
    static void Conclude(int op, int outcome)
    {
        long slips, amount, can;
        if (last != 0 && last != op)
            Payrack.Release(last);
        last = op;
        string kind = Payrack.Str(op, "kind"), reference = Payrack.Str(op, "ref"), ack = "-";
        Say(Payrack.Str(op, "text"));
        if (outcome != Payrack.PR_OK)
            Say(Payrack.Str(op, "hint"));
        Payrack.Int(op, "slips", out slips);
        Payrack.Int(op, "approved_amount", out amount);
        Payrack.Int(op, "can_confirm", out can);
        for (int copy = 1; copy <= slips; copy++)
            Say(Encoding.UTF8.GetString(Payrack.Slip(op, copy, "text", "utf-8", 0) ?? new byte[0]));
        if (outcome == Payrack.PR_OK && kind.StartsWith("pay."))
            paid = reference;
        if (outcome == Payrack.PR_OK && can != 0)
        {
            Say("[" + T("ЧЕК ", "RECEIPT ") + amount / 100 + "." + (amount % 100).ToString("00") + "]");
            string reply = Ask(T("Чек напечатан? 1 - да, 0 - вернуть деньги, пусто - решить позже",
                                 "Receipt printed? 1 yes, 0 give the money back, empty: decide later"), "");
            ack = reply == "1" ? "confirmed" : reply == "0" ? "reversed" : "left";
            int code = reply == "1" ? Payrack.Confirm(op) : reply == "0" ? Payrack.Reverse(op, T("чек не напечатан", "no receipt")) : Payrack.PR_OK;
            if (code < 0)
            {
                Complain(code);
                return;
            }
        }
        Say("== " + Word(outcome) + " " + reference + " " + kind + " " + amount + " " + ack);
    }

    static string Word(int outcome)
    {
        switch (outcome)
        {
            case Payrack.PR_OK: return "approved";
            case Payrack.PR_DECLINED: return "declined";
            case Payrack.PR_CANCELLED: return "cancelled";
            case Payrack.PR_UNKNOWN: return "unknown";
            case Payrack.PR_WAITING: return "running";
        }
        return "refused";
    }

    // What an earlier run left: each is waited for, then confirmed or reversed.
    static void Pending()
    {
        List<string> refs = new List<string>();
        for (int i = 0, n = Payrack.PendingCount(host); i < n; i++)
            refs.Add(Payrack.PendingRef(host, i));
        foreach (string reference in refs)
        {
            int op;
            if (Payrack.Attach(host, reference, out op) != Payrack.PR_OK)
                continue;
            Say(T("Не завершена: ", "Pending: ") + reference);
            Conclude(op, Follow(op));
        }
        Say("== pending " + refs.Count);
    }

    static void Classic(int code, int op)
    {
        if (code < 0)
            Complain(code);
        else
            Conclude(op, code);
    }

    static void Command(string[] words)
    {
        string[] w = new string[5];
        for (int i = 0; i < w.Length; i++)
            w[i] = i < words.Length ? words[i] : "";
        int op, code;
        switch (w[0])
        {
            case "online": Operate("pay.online", w[1], module, "system", w[2]); break;
            case "offline": Operate("pay.offline", w[1], module, "code", w[2]); break;
            case "refund": Operate("refund", w[1], "", "original_ref", w[2] == "" ? paid : w[2]); break;
            case "wait": Conclude(last, Follow(last)); break;
            case "pending": Pending(); break;
            case "report": code = Payrack.Report(host, module, w[1], out op); Classic(code, op); break;
            case "close": code = Payrack.CloseDay(host, module, w[1] == "detailed" ? 1 : 0, out op); Classic(code, op); break;
            case "activate":
                code = Payrack.Activate(host, module, w[1], w[2], w[3], w[4] == "force" ? 1 : 0);
                if (code < 0)
                    Complain(code);
                else
                    Say("== approved");
                break;
            case "log": Say(Payrack.Str(last, "log") + "\n== log"); break;
            default:
                Say(T("Команды (суммы в копейках): online СУММА [СИСТЕМА]   offline СУММА КОД   refund СУММА [ОПЕРАЦИЯ]   wait   pending\n" +
                      "report [JSON]   close [detailed]   activate ТЕРМИНАЛ НОМЕР КОД [force]   log   exit. Любая строка во время оплаты - отмена.",
                      "Commands (sums in kopecks): online SUM [SYSTEM]   offline SUM CODE   refund SUM [REF]   wait   pending\n" +
                      "report [JSON]   close [detailed]   activate TERMINAL SERIAL CODE [force]   log   exit. Any line during a payment cancels it.") +
                    "\n== help");
                break;
        }
    }

    // The next "key":"text" at or after a place; with a library for JSON you need neither this nor Quoted.
    static string JsonText(string json, string key, ref int at)
    {
        int from = (json ?? "").IndexOf("\"" + key + "\":\"", Math.Min(at, (json ?? "").Length));
        if (from < 0)
            return null;
        StringBuilder text = new StringBuilder();
        for (at = from + key.Length + 4; at < json.Length && json[at] != '"'; at++)
        {
            if (json[at] == '\\')
                at++;
            text.Append(json[at]);
        }
        return text.ToString();
    }

    static string Quoted(string text)
    {
        StringBuilder json = new StringBuilder("\"");
        foreach (char c in text)
            if (c < ' ')
                json.Append("\\u" + ((int)c).ToString("x4"));
            else
                json.Append(c == '"' || c == '\\' ? "\\" + c : c.ToString());
        return json.Append('"').ToString();
    }
}
