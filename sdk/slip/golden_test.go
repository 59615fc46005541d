package slip

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestThePublishedLayoutsAreReproducedByteForByte compares with the project's specimens, which no flag rewrites.
func TestThePublishedLayoutsAreReproducedByteForByte(t *testing.T) {
	documents := map[string]Document{}
	for _, document := range Samples(Russian) {
		name := sampleName(t, document)
		if _, taken := documents[name]; !taken {
			documents[name] = document
		}
	}
	for _, name := range []string{
		"payment-32", "payment-42", "refund-32", "refund-42", "decline-32", "decline-42", "unknown-32", "qr-32", "payout-32",
		"payout-42", "social-32", "close-short-32", "close-short-42", "close-detailed-32", "close-detailed-42",
	} {
		t.Run(name, func(t *testing.T) {
			at := strings.LastIndex(name, "-")
			paper := Paper{Language: Russian}
			if _, err := fmt.Sscan(name[at+1:], &paper.Width); err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(filepath.Join("testdata", "specimen", name+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			for _, encoding := range []Encoding{UTF8, CP866, CP1251} {
				paper.Encoding = encoding
				got := decoded(t, mustRender(t, documents[name[:at]], paper), QRFrame)
				if diff := cmp.Diff(string(want), got); diff != "" {
					t.Errorf("in %s (-specimen +rendered):\n%s", encoding, diff)
				}
			}
		})
	}
}

// TestEverySampleLooksAsItDid keeps the layouts that have no specimen, other widths, and English.
func TestEverySampleLooksAsItDid(t *testing.T) {
	for _, language := range []Language{Russian, English} {
		for _, width := range []int{Narrowest, 32, 42, 48, Widest} {
			var text strings.Builder
			for _, document := range append(Samples(language), variants(language)...) {
				tape := mustRender(t, document, Paper{Width: width, Language: language})
				text.WriteString(decoded(t, tape, QRDrawn) + "\n")
			}
			golden(t, fmt.Sprintf("%s-%d.txt", language, width), text.String())
		}
	}
}

// variants are the documents that Samples leaves out.
func variants(language Language) []Document {
	samples := Samples(language)
	payment, refund, decline, unknown, payout := samples[0], samples[1], samples[2], samples[3], samples[5]

	training := payment
	training.Mode, training.Reprint, training.Copy = ModeTraining, true, Copy{}
	signed := payment
	signed.Mode, signed.Copy = ModeTest, Copy{2, 2}
	signed.Payment = &Payment{Amount: Money{123456, "JPY"}, Fee: Money{7, "JPY"}, Signature: true}

	fee := RUB(150)
	reversal := refund
	reversal.Refund = &Refund{Reversal: true, Amount: RUB(99000), Fee: &fee, Original: Original{Number: 786}, Note: "1 - 2 - 3"}

	var failed []Document
	for _, of := range []Kind{KindRefund, KindPayout} {
		cancelled, silent := decline, unknown
		cancelled.Decline = &Decline{Of: of, Cancelled: true, Amount: RUB(100)}
		silent.Unknown = &Unknown{Of: of, Amount: RUB(100)}
		failed = append(failed, cancelled, silent)
	}
	other := unknown
	other.Unknown = &Unknown{Amount: RUB(100), OtherTender: true}
	revocable := payout
	revocable.Payout = &Payout{Amount: RUB(100), Fee: RUB(1), Revocable: true}
	revocable.Copy = Copy{1, 2}

	empty := samples[7]
	empty.Close = &Report{Detailed: true}
	currencies := samples[7]
	currencies.Close = &Report{Systems: []SystemTotals{
		{Name: "kvell", Payouts: Sum{2, RUB(345000)}},
		{Name: "wechat", Payments: Sum{1, Money{5000, "CNY"}}},
		{Name: "sbp", Payments: Sum{1, RUB(10000)}},
	}}
	return append(failed, training, signed, reversal, other, revocable, empty, currencies)
}

func sampleName(t *testing.T, document Document) string {
	t.Helper()
	kind, err := document.Kind()
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case kind == KindClose && document.Close.Detailed:
		return "close-detailed"
	case kind == KindClose:
		return "close-short"
	}
	return string(kind)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-golden +rendered); -update accepts it:\n%s", name, diff)
	}
}

func mustRender(t *testing.T, document Document, paper Paper) Tape {
	t.Helper()
	tape, err := Render(document, paper, Templates{})
	if err != nil {
		t.Fatal(err)
	}
	if tape.Problem != nil {
		t.Fatal(tape.Problem)
	}
	return tape
}

// decoded is the text of a tape, back in UTF-8.
func decoded(t *testing.T, tape Tape, style QRStyle) string {
	t.Helper()
	text, err := tape.Text(style)
	if err != nil {
		t.Fatal(err)
	}
	if p := newPage(tape.Paper.Encoding, Russian); p.charmap != nil {
		if text, err = p.charmap.NewDecoder().Bytes(text); err != nil {
			t.Fatal(err)
		}
	}
	return string(text)
}
