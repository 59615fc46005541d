// A console cashier over payrack.h: cashier [HOME [POS [MODULE]]]. Copy what you need; see docs/en/cashier-programmer.md.
// c++ -std=c++11 -I. cashier.cpp -L. -lpayrack -pthread
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "payrack.h"

#ifdef _WIN32
#include <io.h>
static int to_disk(FILE *f) { return fflush(f) == 0 ? _commit(_fileno(f)) : -1; }
#else
#include <unistd.h>
static int to_disk(FILE *f) { return fflush(f) == 0 ? fsync(fileno(f)) : -1; }
#endif

using std::string;

static const bool english = getenv("LANG") && string(getenv("LANG")).compare(0, 2, "en") == 0;
static string home = ".", pos = "1", module_ = "sendy", paid;
static pr_host host;
static pr_op last;

static string t(const char *ru, const char *en) { return english ? en : ru; }
static void say(const string &line) { std::cout << line << std::endl; }

// ---- the cashier's lines

static std::mutex typing;
static std::condition_variable came;
static std::deque<string> typed;
static bool over;

static void read_lines() {
    string line;
    while (std::getline(std::cin, line)) {
        if (!line.empty() && line.back() == '\r')
            line.pop_back();
        std::lock_guard<std::mutex> l(typing);
        typed.push_back(line);
        came.notify_one();
    }
    std::lock_guard<std::mutex> l(typing);
    over = true;
    came.notify_one();
}

static bool read_line(string &line, bool wait) {
    std::unique_lock<std::mutex> l(typing);
    if (wait)
        came.wait(l, [] { return over || !typed.empty(); });
    if (typed.empty())
        return false;
    line = typed.front();
    typed.pop_front();
    return true;
}

static string ask(const string &question, const string &standard) {
    string line;
    say("? " + question);
    return read_line(line, true) && !line.empty() ? line : standard;
}

// ---- texts

// What a function fills; "" where it refuses.
template <class Fill> static string text(Fill fill) {
    std::vector<char> buf(1024);
    int32_t need;
    while ((need = fill(buf.data(), (int32_t)buf.size())) > (int32_t)buf.size())
        buf.resize(need);
    return need > 1 ? string(buf.data(), need - 1) : string();
}

static string str(pr_op op, const char *key) {
    return text([=](char *buf, int32_t cap) { return pr_str(op, key, buf, cap); });
}

static string event_str(pr_op op, const char *key) {
    return text([=](char *buf, int32_t cap) { return pr_event_str(op, key, buf, cap); });
}

static int64_t number(pr_op op, const char *key) {
    int64_t n = 0;
    pr_int(op, key, &n);
    return n;
}

static void complain(int32_t code) {
    string what, hint = text([](char *buf, int32_t cap) { return pr_last_hint(host, buf, cap); });
    if (pr_last_code(host) == code)
        what = text([](char *buf, int32_t cap) { return pr_last_error(host, buf, cap); });
    if (what.empty())
        what = text([=](char *buf, int32_t cap) { return pr_error_text(code, t("ru", "en").c_str(), buf, cap); });
    say(what + " (" + std::to_string(code) + ") " + hint + "\n== refused");
}

// The next "key":"text" at or after a place; with a library for JSON you need neither this nor quoted.
static bool json_text(const string &json, const string &key, size_t &at, string &out) {
    at = json.find("\"" + key + "\":\"", at);
    if (at == string::npos)
        return false;
    out.clear();
    for (at += key.size() + 4; at < json.size() && json[at] != '"'; at++) {
        if (json[at] == '\\')
            at++;
        out += json[at];
    }
    return true;
}

static string quoted(const string &text) {
    string json = "\"";
    char code[8];
    for (unsigned char c : text) {
        if (c < ' ') {
            snprintf(code, sizeof code, "\\u%04x", c);
            json += code;
            continue;
        }
        if (c == '"' || c == '\\')
            json += '\\';
        json += (char)c;
    }
    return json + '"';
}

// ---- operations

// A new ref, on disk before anybody else hears of it. A till has a receipt number of its own; here it is the number of the line.
static bool new_ref(string &ref, string &receipt) {
    FILE *book = fopen((home + "/cashier.refs").c_str(), "a+");
    if (!book)
        return false;
    int lines = 1;
    for (int c; (c = fgetc(book)) != EOF;)
        lines += c == '\n';
    receipt = std::to_string(lines);
    char stamp[32];
    time_t now = time(nullptr);
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", localtime(&now));
    ref = pos + "-" + stamp + "-" + receipt;
    bool ok = fseek(book, 0, SEEK_END) == 0 && fputs((ref + "\n").c_str(), book) >= 0 && to_disk(book) == 0;
    return (fclose(book) == 0) & ok;
}

static void show(pr_op op, int32_t event, int32_t id) {
    switch (event) {
    case PR_EV_STATUS:
    case PR_EV_CUSTOMER:
        say("· " + event_str(op, "text"));
        break;
    case PR_EV_QR_SHOW: // png_base64 is a picture for a window
        say(event_str(op, "qr_text") + "\n" + event_str(op, "caption") + "\n" + event_str(op, "payload"));
        say(t("QR-код показан. Enter - отмена.", "The QR code is shown. Enter cancels."));
        break;
    case PR_EV_QR_HIDE:
        say(t("QR-код снят.", "The QR code is gone."));
        break;
    case PR_EV_PRINT:
        say(event_str(op, "text"));
        pr_answer(op, id, "1");
        break;
    case PR_EV_CONFIRM:
    case PR_EV_CHOICE:
    case PR_EV_INPUT: {
        string items = event_str(op, "items"), title = event_str(op, "title"), choice, name;
        for (size_t at = 0; json_text(items, "id", at, choice) && json_text(items, "text", at, name);)
            say("  " + choice + " - " + name);
        string reply = ask(title.empty() ? event_str(op, "text") : title, event_str(op, "default"));
        if (pr_answer(op, id, reply.c_str()) < 0)
            say(text([](char *buf, int32_t cap) { return pr_last_error(host, buf, cap); }));
        break;
    }
    } // what is not known is skipped
}

// Polls until the outcome. A cancel is a request: what comes then is still the truth.
static int32_t follow(pr_op op) {
    for (string line;;) {
        int32_t event, id, code = pr_poll(op, 100, &event, &id);
        if (code == PR_EVENT)
            show(op, event, id);
        else if (code != PR_WAITING)
            return code == PR_FINISHED ? pr_outcome(op) : PR_UNKNOWN; // an error says nothing about money
        else if (read_line(line, false)) {
            say(t("Отменяем...", "Cancelling..."));
            pr_cancel(op, t("кассир", "cashier").c_str());
        }
    }
}

static const char *word(int32_t outcome) {
    switch (outcome) {
    case PR_OK: return "approved";
    case PR_DECLINED: return "declined";
    case PR_CANCELLED: return "cancelled";
    case PR_UNKNOWN: return "unknown";
    case PR_WAITING: return "running";
    }
    return "refused";
}

// Tells the outcome, prints the slips and the receipt, and confirms; or gives the money back where there is no receipt.
static void conclude(pr_op op, int32_t outcome) {
    if (last && last != op)
        pr_release(last);
    last = op;
    string kind = str(op, "kind"), ref = str(op, "ref"), ack = "-";
    int64_t amount = number(op, "approved_amount");
    say(str(op, "text"));
    if (outcome != PR_OK)
        say(str(op, "hint"));
    for (int32_t copy = 1; copy <= number(op, "slips"); copy++)
        say(text([=](char *buf, int32_t cap) { return pr_slip(op, copy, "text", "utf-8", 0, buf, cap); }));
    if (outcome == PR_OK && kind.compare(0, 4, "pay.") == 0)
        paid = ref;
    if (outcome == PR_OK && number(op, "can_confirm")) {
        char receipt[64];
        snprintf(receipt, sizeof receipt, "[%s %lld.%02d]", t("ЧЕК", "RECEIPT").c_str(), (long long)(amount / 100), (int)(amount % 100));
        say(receipt);
        string reply = ask(t("Чек напечатан? 1 - да, 0 - вернуть деньги, пусто - решить позже",
                             "Receipt printed? 1 yes, 0 give the money back, empty: decide later"), "");
        ack = reply == "1" ? "confirmed" : reply == "0" ? "reversed" : "left";
        int32_t code = reply == "1" ? pr_confirm(op) : reply == "0" ? pr_reverse(op, t("чек не напечатан", "no receipt").c_str()) : PR_OK;
        if (code < 0)
            return complain(code);
    }
    say(string("== ") + word(outcome) + " " + ref + " " + kind + " " + std::to_string(amount) + " " + ack);
}

static void operate(const char *kind, const string &sum, const string &module, const char *key, const string &value) {
    string ref, receipt;
    pr_op op;
    if (!new_ref(ref, receipt)) {
        perror("cashier.refs");
        return say("== refused");
    }
    string params = "{\"receipt\":" + quoted(receipt) + (value.empty() ? "" : ",\"" + string(key) + "\":" + quoted(value)) + "}";
    int32_t code = pr_start(host, module.c_str(), kind, strtoll(sum.c_str(), nullptr, 10), ref.c_str(), params.c_str(), &op);
    if (code < 0)
        return complain(code); // nothing was begun
    conclude(op, follow(op));
}

// What an earlier run left: each is waited for, then confirmed or reversed.
static void pending() {
    std::vector<string> refs;
    for (int32_t i = 0, n = pr_pending_count(host); i < n; i++)
        refs.push_back(text([=](char *buf, int32_t cap) { return pr_pending_ref(host, i, buf, cap); }));
    for (const string &ref : refs) {
        pr_op op;
        if (pr_attach(host, ref.c_str(), &op) != PR_OK)
            continue;
        say(t("Не завершена: ", "Pending: ") + ref);
        conclude(op, follow(op));
    }
    say("== pending " + std::to_string(refs.size()));
}

static void classic(int32_t code, pr_op op) {
    if (code < 0)
        complain(code);
    else
        conclude(op, code);
}

static void command(const string &line) {
    std::vector<string> w(1);
    for (char c : line)
        if (c == ' ')
            w.emplace_back();
        else
            w.back() += c;
    w.resize(5);
    pr_op op = 0;
    if (w[0] == "online")
        operate("pay.online", w[1], module_, "system", w[2]);
    else if (w[0] == "offline")
        operate("pay.offline", w[1], module_, "code", w[2]);
    else if (w[0] == "refund")
        operate("refund", w[1], "", "original_ref", w[2].empty() ? paid : w[2]);
    else if (w[0] == "wait")
        conclude(last, follow(last));
    else if (w[0] == "pending")
        pending();
    else if (w[0] == "report") {
        int32_t code = pr_report(host, module_.c_str(), w[1].c_str(), &op);
        classic(code, op);
    } else if (w[0] == "close") {
        int32_t code = pr_close_day(host, module_.c_str(), w[1] == "detailed", &op);
        classic(code, op);
    } else if (w[0] == "activate") {
        int32_t code = pr_activate(host, module_.c_str(), w[1].c_str(), w[2].c_str(), w[3].c_str(), w[4] == "force");
        code < 0 ? complain(code) : say("== approved");
    } else if (w[0] == "log")
        say(str(last, "log") + "\n== log");
    else
        say(t("Команды (суммы в копейках): online СУММА [СИСТЕМА]   offline СУММА КОД   refund СУММА [ОПЕРАЦИЯ]   wait   pending\n"
              "report [JSON]   close [detailed]   activate ТЕРМИНАЛ НОМЕР КОД [force]   log   exit. Любая строка во время оплаты - отмена.\n== help",
              "Commands (sums in kopecks): online SUM [SYSTEM]   offline SUM CODE   refund SUM [REF]   wait   pending\n"
              "report [JSON]   close [detailed]   activate TERMINAL SERIAL CODE [force]   log   exit. Any line during a payment cancels it.\n== help"));
}

int main(int argc, char **argv) {
    if (argc > 1)
        home = argv[1];
    if (argc > 2)
        pos = argv[2];
    if (argc > 3)
        module_ = argv[3];
    int32_t code = pr_open(PR_ABI_VERSION, home.c_str(), pos.c_str(), PR_F_CONFIRM, &host);
    if (code < 0) {
        complain(code);
        return 1;
    }
    pr_set_option(host, "language", t("ru", "en").c_str());
    std::thread(read_lines).detach();
    pending();
    for (string line; read_line(line, true) && line != "exit";)
        command(line);
    pr_close(host);
    std::cout.flush();
    _Exit(0); // the reader may still be in getline
}
