package kit

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/payrack/payrack/sdk/audit"
	"github.com/payrack/payrack/sdk/module"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/sandbox"
)

// world is what one case plays in.
type world struct {
	k    *Kit
	s    *Subject
	ctx  context.Context
	pace Pace
	rng  *rand.Rand
	url  string
	ctl  *sandbox.Control
	data string

	life    Life
	id      string // of the module
	lives   int
	fault   *trouble  // what the case does wrong, and where
	prelude []address // where the first request is dropped once it was worked
	learnt  learnt

	mu       sync.Mutex
	problems []string
	told     []audit.Told
	follows  map[pay.Ref]*follow
	scanned  map[string]bool // bills of a link that a customer has in hand
	refs     int
	secrets  []string
	watching sync.WaitGroup
}

// learnt are the requests of a play without faults: those after the first mark up to the second, if there is one.
type learnt struct{ mark, end int64 }

// stuck ends a case that cannot go on; its problems are noted.
type stuck struct{}

// absent ends a case that turned out not to be applicable.
type absent struct{ why string }

// fail notes a problem and goes on.
func (w *world) fail(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.problems = append(w.problems, fmt.Sprintf(format, args...))
}

// stop notes a problem and ends the case.
func (w *world) stop(format string, args ...any) {
	w.fail(format, args...)
	panic(stuck{})
}

// must ends the case on an error.
func (w *world) must(what string, err error) {
	if err != nil {
		w.stop("%s: %v", what, err)
	}
}

// until waits for something that the sandbox or the module is to bring about.
func (w *world) until(what string, done func() bool) {
	for tick := 2 * time.Millisecond; !done(); tick = min(tick*2, 50*time.Millisecond) {
		select {
		case <-time.After(tick):
		case <-w.ctx.Done():
			w.stop("waited in vain: %s", what)
		}
	}
}

// enter makes the world: a fresh folder, a sandbox without a past, a module with its settings and its terminal activated.
func (w *world) enter() {
	dir, err := os.MkdirTemp("", "payrack-kit-")
	w.must("make a folder", err)
	w.data = filepath.Join(dir, "data")
	w.must("make a folder", os.Mkdir(w.data, 0o700))
	w.must("reset the sandbox", w.ctl.Reset(w.ctx))
	d := w.start()
	if w.s.INI != nil {
		w.must("write the INI file", os.WriteFile(filepath.Join(w.data, d.ID+".ini"), w.s.INI, 0o600))
	}
	w.open()
	for key, value := range w.s.Settings {
		_, err := w.life.Service().Settings(w.ctx, module.SettingsRequest{Action: "set", Key: key,
			Value: strings.ReplaceAll(value, "{sandbox}", w.url), By: "kit"})
		w.must("set "+key, err)
	}
}

// start begins a life.
func (w *world) start() module.Description {
	life, err := w.s.Start(w.ctx, w.pace)
	w.must("start the module", err)
	w.life = life
	w.lives++
	d, err := life.Service().Describe(w.ctx)
	w.must("describe the module", err)
	w.id = d.ID
	return d
}

func (w *world) open() []pay.Operation {
	key := sha256.Sum256([]byte("the installation's key"))
	pending, err := w.life.Service().Open(w.ctx, module.Opening{Home: w.data, Data: w.data, Language: "en", DigestKey: key[:],
		Shop: module.Shop{Name: "Kit", INN: "7700000000"}})
	w.must("open the module", err)
	return pending
}

// leave lets go of everything; the case is over.
func (w *world) leave() {
	if w.life != nil {
		w.life.Crash()
	}
	w.watching.Wait()
	if w.data != "" {
		_ = os.RemoveAll(filepath.Dir(w.data))
	}
}

// restart kills the module and starts it again on the same journal. Its tills come back.
func (w *world) restart() {
	w.life.Crash()
	w.watching.Wait()
	w.start()
	w.open()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.follows {
		f.watch(w.life.Service())
	}
}

// service is the module as its host sees it.
func (w *world) service() module.Service { return w.life.Service() }

// ref names an operation that there was not yet.
func (w *world) ref() pay.Ref {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refs++
	return pay.Ref(fmt.Sprintf("kit-%d", w.refs))
}

// amount is a sum that chance chose, from one rouble.
func (w *world) amount() pay.Amount { return pay.Amount(100 + w.rng.Int64N(9900)) }

// request makes what a host would hand to the module.
func (w *world) request(kind pay.Kind, ref pay.Ref, amount pay.Amount, params string) module.Request {
	part := amount - amount/2
	for name, sum := range map[string]pay.Amount{"{amount}": amount, "{part}": part, "{rest}": amount - part} {
		params = strings.ReplaceAll(params, name, strconv.FormatInt(int64(sum), 10))
	}
	p, err := pay.ParseParams(params)
	w.must("read the parameters of "+string(kind), err)
	canonical, err := p.Canonical()
	w.must("read the parameters of "+string(kind), err)
	r := pay.Request{Ref: ref, Module: w.id, Kind: kind, Amount: amount, Currency: pay.RUB, PosID: "1", Params: p, Initiator: "kit", Language: "en"}
	if !kind.Money() {
		r.Currency = ""
	}
	digest := sha256.Sum256(fmt.Appendf(nil, "%s|%d|%s|%s", kind, amount, r.Currency, canonical))
	return module.Request{Request: r, Digest: digest[:]}
}

// params are the parameters of a kind; wish is the customer's behaviour.
func (w *world) params(kind pay.Kind, wish string) string {
	text, given := w.s.Params[kind]
	if declined, ok := w.s.Declined[kind]; ok && wish == "decline" {
		text = declined
	} else if wish == "decline" && kind == pay.KindBasket {
		panic(absent{"no parameters were given by which the provider declines " + string(kind)})
	}
	switch {
	case given:
	case kind == pay.KindOffline:
		text = `{"code":"{code}"}`
	default:
		text = "{}"
	}
	if strings.Contains(text, "{code}") {
		text = strings.ReplaceAll(text, "{code}", w.code(wish))
	}
	return strings.ReplaceAll(text, "{unique}", fmt.Sprintf("kit-%016x", w.rng.Uint64()))
}

// code has a customer's phone show a code.
func (w *world) code(wish string) string {
	behaviour := ""
	if wish != "" {
		name, ok := w.s.behaviour(wish)
		if !ok {
			panic(absent{"the sandbox has no customer who would " + wish})
		}
		behaviour = name
	}
	wallet := w.wallet()
	code, err := w.ctl.ShowCode(w.ctx, wallet.ID, behaviour)
	if errors.Is(err, sandbox.ErrUnsupported) {
		panic(absent{"the sandbox has no customer's phone"})
	}
	w.must("have the phone show a code", err)
	w.hide(code.Text)
	return code.Text
}

// wallet is a customer who can pay anything.
func (w *world) wallet() sandbox.Wallet {
	wallets, err := w.ctl.Wallets(w.ctx)
	if errors.Is(err, sandbox.ErrUnsupported) || err == nil && len(wallets) == 0 {
		panic(absent{"the sandbox has no customer's phone"})
	}
	w.must("list the wallets", err)
	rich := wallets[0]
	if need := int64(w.s.most()) * 4; rich.Balance < need {
		rich.Balance, rich.Code = need, nil
		rich, err = w.ctl.SetWallet(w.ctx, rich)
		w.must("fill a wallet", err)
	}
	return rich
}

// hide names something that must stand in no file.
func (w *world) hide(secret string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.secrets = append(w.secrets, secret)
}

// activate registers the terminal where the module needs that, and gives what became of it.
func (w *world) activate(force bool) pay.Operation {
	args := map[string]any{}
	for key, value := range w.s.Activate {
		args[key] = value
	}
	if force {
		args["force"] = true
	}
	w.hide(w.s.Activate["code"])
	raw, err := json.Marshal(map[string]any{"name": "activate", "args": args})
	w.must("write the arguments of activate", err)
	return w.begin(w.request(pay.KindCommand, w.ref(), 0, string(raw))).final()
}

// activated activates, and ends the case if that fails.
func (w *world) activated() {
	if w.s.Activate == nil {
		return
	}
	if op := w.activate(false); op.Outcome != pay.Approved {
		w.stop("the terminal is not activated: %s %s", op.Code, op.Text)
	}
}

// chance is the source of a case's choices: the same seed and name choose alike.
func chance(seed uint64, name string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}
