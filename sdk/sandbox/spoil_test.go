package sandbox

import (
	"encoding/json"
	"net/http"
	"testing"
)

func TestAFaultFindsItsFieldByAnyOfItsNamesAndDeeperOnlyIfItIsNotOnTop(t *testing.T) {
	names := Fields{Amount: "amount|amount ", Key: "order|id", Number: "n", Currency: "currency", Status: "state|status"}
	for _, tt := range []struct {
		fault      Fault
		body, want string
	}{
		{Fault{Kind: FaultSum}, `{"amount":100,"deep":{"amount":5}}`, `{"amount":101,"deep":{"amount":5}}`},
		{Fault{Kind: FaultSum}, `{"amount":110.10}`, `{"amount":110.11}`},
		{Fault{Kind: FaultSum}, `{"amount":0.09}`, `{"amount":0.10}`},
		{Fault{Kind: FaultSum}, `{"amount":-0.01}`, `{"amount":-0.01}`},
		{Fault{Kind: FaultSum}, `{"data":{"amount":"25300"},"more":[{"amount ":7}]}`, `{"data":{"amount":"25301"},"more":[{"amount ":8}]}`},
		{Fault{Kind: FaultSum}, `{"amount":"many"}`, `{"amount":"many"}`},
		{Fault{Kind: FaultKey}, `{"id":"ab"}`, `{"id":"a0"}`},
		{Fault{Kind: FaultCase}, `{"status":{"status":"PAID"},"x":1}`, `{"status":{"status":"paid"},"x":1}`},
		{Fault{Kind: FaultNewStatus}, `{"list":[{"state":"A"},2,{"status":"B"}]}`, `{"list":[{"state":"PARTLY_SETTLED"},2,{"status":"PARTLY_SETTLED"}]}`},
		{Fault{Kind: FaultEdit, Set: map[string]json.RawMessage{"data.status": []byte(`"X"`), "data.gone": []byte("null"), "no.object": []byte("1")}},
			`{"data":{"status":"A","gone":1}}`, `{"data":{"status":"X"},"no.object":1}`},
	} {
		got, err := edit([]byte(tt.body), tt.fault, names)
		if err != nil || !sameJSON(got, []byte(tt.want)) {
			t.Errorf("%s of %s: %s, %v; want %s", tt.fault.Kind, tt.body, got, err, tt.want)
		}
	}
}

func TestAServerThatIsNotWellCanSayWhenToComeAgain(t *testing.T) {
	s, _ := start(t)
	if _, err := s.Faults().Arm(Fault{Kind: FaultStatus, Status: http.StatusServiceUnavailable, RetryAfter: 7}); err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(s.URL()+"/charge/1", "application/json", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") != "7" {
		t.Errorf("%d, Retry-After %q", resp.StatusCode, resp.Header.Get("Retry-After"))
	}
}

func TestIdentifiersInAPathAreCountedAsOneAddress(t *testing.T) {
	for path, want := range map[string]string{
		"/pos/payment/12/cancel": "/pos/payment/{n}/cancel", "/sbp/v2/qrs/AD100004BAL7227F9BNP6KNE007J9B3K": "/sbp/v2/qrs/{n}",
		"/link/AS1R0000000000000000000000000001/P0000000000000000000000000000001": "/link/{n}/{n}", "/pos/counters": "/pos/counters", "/": "/",
	} {
		if got := address(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
