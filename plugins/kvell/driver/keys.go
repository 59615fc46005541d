package driver

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"

	"github.com/payrack/payrack/plugins/kvell/wire"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
	"github.com/payrack/payrack/sdk/secret"
	"github.com/payrack/payrack/sdk/shell"
	"github.com/payrack/payrack/sdk/text"
)

// commands are what the module does besides money.
func commands(driver provider.Driver) map[string]shell.Command {
	d, ok := driver.(*Driver)
	if !ok {
		return nil
	}
	return map[string]shell.Command{"keys": d.keyCommand, "certificate": d.certificate}
}

// keyArgs are the arguments of the command "keys". PEM is secret, as all arguments are.
type keyArgs struct {
	Action  string `json:"action"` // generate, import, show-public
	PEM     string `json:"pem"`
	Replace bool   `json:"replace"`
}

// keyResult is its result. The private key is not in it.
type keyResult struct {
	Bits        int    `json:"bits"`
	Fingerprint string `json:"fingerprint"`
	Public      string `json:"public"`
	Letter      string `json:"letter"` // the text to send to the service with the public key
}

// keyCommand makes, takes or shows the pair of keys. The private key goes into the secret store of this computer, and comes out of it only to sign.
func (d *Driver) keyCommand(_ context.Context, c shell.CommandCall) (provider.Reply, error) {
	var args keyArgs
	if json.Unmarshal(c.Args, &args) != nil {
		return d.commandRefused(c, text.Refuse(pay.ErrArgument, "kvell.keys.args", nil, nil)), nil
	}
	old, err := d.secrets.Get(keyPrivate)
	missing := errors.Is(err, secret.ErrMissing)
	if err != nil && !missing {
		return d.commandRefused(c, err), nil
	}
	var key *rsa.PrivateKey
	switch args.Action {
	case "generate", "import":
		if !missing && !args.Replace {
			return d.commandRefused(c, text.Refuse(pay.ErrState, "kvell.keys.exists", nil, nil)), nil
		}
		if args.Action == "import" {
			key, err = wire.ParsePrivate([]byte(args.PEM))
		} else {
			key, err = rsa.GenerateKey(rand.Reader, wire.KeyBits)
		}
		if err != nil {
			return d.commandRefused(c, text.Refuse(pay.ErrArgument, "kvell.keys.unreadable", map[string]any{"Why": err.Error()}, err)), nil
		}
		pem, err := wire.WritePrivate(key)
		if err == nil {
			err = d.secrets.Set(keyPrivate, pem)
		}
		if err != nil {
			return d.commandRefused(c, err), nil
		}
		d.log.Info("the private key was replaced", "fingerprint", wire.Fingerprint(&key.PublicKey), "by", c.Initiator)
	case "show-public":
		if missing {
			return d.commandRefused(c, text.Refuse(pay.ErrState, "kvell.keys.none", nil, nil)), nil
		}
		if key, err = wire.ParsePrivate(old.Reveal()); err != nil {
			return d.commandRefused(c, text.Refuse(pay.ErrConfig, "kvell.keys.unreadable", map[string]any{"Why": err.Error()}, err)), nil
		}
	default:
		return d.commandRefused(c, text.Refuse(pay.ErrArgument, "kvell.keys.args", nil, nil)), nil
	}
	return d.told(c, &key.PublicKey)
}

func (d *Driver) told(c shell.CommandCall, key *rsa.PublicKey) (provider.Reply, error) {
	public, err := wire.WritePublic(key)
	if err != nil {
		return provider.Reply{}, err
	}
	r := keyResult{Bits: key.N.BitLen(), Fingerprint: wire.Fingerprint(key), Public: string(public)}
	r.Letter = d.say(c.Language, "kvell.keys.letter", map[string]any{"Shop": d.parts.Shop.Name, "INN": d.parts.Shop.INN, "Bits": r.Bits, "Fingerprint": r.Fingerprint,
		"Public": r.Public})
	document, err := json.Marshal(r)
	return provider.Reply{Verdict: provider.Approved, Result: document}, err
}

func (d *Driver) commandRefused(c shell.CommandCall, err error) provider.Reply {
	return d.refusal(provider.Operation{Language: c.Language}, err)
}
