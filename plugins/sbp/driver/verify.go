package driver

import (
	"encoding/json"
	"time"

	"github.com/payrack/payrack/plugins/sbp/nspk"
	"github.com/payrack/payrack/sdk/pay"
	"github.com/payrack/payrack/sdk/provider"
)

const (
	promptScan = "scan"
	scanWait   = 2 * time.Minute
)

// checkVerify refuses a check of the cash link to whom the settings do not allow it, and where there is none.
func (d *Driver) checkVerify(op provider.Operation) error {
	if d.settings.VerifyLinkRole == "full" && !op.Full {
		return d.refuse(op.Language, pay.ErrHostDenied, "sbp.verify.role", nil, nil)
	}
	if len(d.ownLinks()) == 0 {
		return d.refuse(op.Language, pay.ErrConfig, "sbp.verify.none", nil, nil)
	}
	return nil
}

// ownLinks are the till's cash links by bank.
func (d *Driver) ownLinks() map[string]nspk.Link {
	list := map[string]nspk.Link{}
	for id, k := range d.desks {
		if k.link.ID != "" {
			list[id] = k.link
		}
	}
	return list
}

// askScan has the cashier scan the code that is printed at the till.
func (d *Driver) askScan(op provider.Operation) provider.Reply {
	if op.Params.Code != "" {
		return d.verify(op, op.Params.Code)
	}
	return provider.Reply{Verdict: provider.Ask, Prompt: &provider.Prompt{ID: promptScan, Kind: pay.EvInput, Input: "scan", Min: 1, Max: 512, Required: true,
		Title: d.say(op.Language, "sbp.verify.title", nil), Text: d.say(op.Language, "sbp.verify.text", nil), Timeout: scanWait}}
}

// verified is the document of a check.
type verified struct {
	Match   bool   `json:"match"`
	Reason  string `json:"reason"`            // match, mismatch, not_a_link, checksum
	Bank    string `json:"bank,omitempty"`    // whose link it is
	Scanned string `json:"scanned,omitempty"` // qrcId of the scanned link
	Warning string `json:"warning,omitempty"` // checksum: wrong, and only warned about
}

// verify compares a scanned code with the till's cash links, by qrcId. Approved says that it is one of them.
func (d *Driver) verify(op provider.Operation, scanned string) provider.Reply {
	v := verified{Reason: "mismatch"}
	l, err := nspk.Parse(scanned)
	switch {
	case err != nil:
		v.Reason = "not_a_link"
	case l.Check() != nil && d.settings.CRCCheck == "strict":
		v.Reason, v.Scanned = "checksum", l.ID
	default:
		v.Scanned = l.ID
		if l.Check() != nil {
			v.Warning = "checksum"
		}
		for id, own := range d.ownLinks() {
			if own.Same(l) {
				v.Match, v.Reason, v.Bank = true, "match", id
			}
		}
	}
	document, err := json.Marshal(v)
	if err != nil {
		return provider.Reply{}
	}
	data := map[string]any{"Bank": d.bankName(op.Language, v.Bank), "Scanned": v.Scanned}
	reply := provider.Reply{Verdict: provider.Declined, Code: v.Reason, Result: document, Text: d.say(op.Language, "sbp.verify."+v.Reason+".cause", data)}
	if v.Match {
		reply.Verdict, reply.System = provider.Approved, v.Bank
		if v.Warning != "" {
			reply.Hint = d.say(op.Language, "sbp.verify.warning", nil)
		}
		return reply
	}
	reply.Hint = d.say(op.Language, "sbp.verify."+v.Reason+".hint", data)
	return reply
}
