package host

import (
	"bytes"
	"database/sql"
	"testing"

	"github.com/payrack/payrack/sdk/pay"
)

func TestASecretParameterEntersTheDigestUnderTheInstallationsKeyOnly(t *testing.T) {
	sum := func(key, params string) []byte {
		t.Helper()
		p, err := pay.ParseParams(params)
		if err != nil {
			t.Fatal(err)
		}
		d, err := digest([]byte(key), pay.Request{Module: "m", Kind: pay.KindOffline, Amount: 100, Currency: pay.RUB, PosID: "1", Params: p})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, params := range []string{`{"card":"4000001234567890"}`, `{"code":"28123"}`, `{"args":{"pin":"1234"}}`} {
		if !bytes.Equal(sum("one", params), sum("one", params)) {
			t.Errorf("%s: the same parameters have two digests", params)
		}
		if bytes.Equal(sum("one", params), sum("two", params)) {
			t.Errorf("%s: who has the index can try card numbers without the installation's key", params)
		}
	}
	if bytes.Equal(sum("one", `{"card":"4000001234567890"}`), sum("one", `{"card":"4000001234567891"}`)) {
		t.Error("another card number has the same digest")
	}
}

func TestNoModuleHearsOfARefThatTheIndexCouldNotTake(t *testing.T) {
	i := install(t, "fake")
	i.serve()
	till := i.till("1")
	till.must("fake", "r1", 100, "approve")
	before := i.begins("fake")
	db, err := sql.Open("sqlite", i.place.Index())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`CREATE TRIGGER full BEFORE INSERT ON refs BEGIN SELECT RAISE(FAIL, 'disk full'); END`); err != nil {
		t.Fatal(err)
	}
	till.refused(pay.ErrJournal, "fake", "r2", 100, "approve")
	if n := i.begins("fake"); n != before {
		t.Errorf("%d Begins reached the module before their ref was taken", n-before)
	}
	if _, err := db.Exec(`DROP TRIGGER full`); err != nil {
		t.Fatal(err)
	}
	till.must("fake", "r2", 100, "approve")
}
