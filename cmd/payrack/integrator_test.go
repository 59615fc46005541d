package main

import (
	"reflect"
	"strings"
	"testing"
)

func TestTheIntegratorsValuesAreTakenByTheirNamesAndTheRestIsNamed(t *testing.T) {
	taken, left, err := readIntegrator(`{"merchant":"{\"url\":\"https://sp.example\",\"qrTtl\":5,\"cancel_lifetime\":0,\"enterprise_id\":\"E1\",\"secret\":\"hush\",\"sp_code\":\"\"}",
		"terminal":{"TerminalNo":"T-01","qrTtl":"3","interval":{"s":5}},"other":{"x":"hush"}}`)
	want := []takenValue{{"merchant", "cancel_lifetime", "cancel_lifetime", "0"}, {"merchant", "enterprise_id", "enterprise_id", "E1"}, {"merchant", "qrTtl", "qrTtl", "5"},
		{"merchant", "url", "url", "https://sp.example"}, {"terminal", "TerminalNo", "TerminalNo", "T-01"}, {"terminal", "qrTtl", "TerminalQrTtl", "3"}}
	if err != nil || !reflect.DeepEqual(taken, want) {
		t.Errorf("taken %v, %v", taken, err)
	}
	if !reflect.DeepEqual(left, []leftValue{{"", "other", "unknown"}, {"merchant", "secret", "unknown"}, {"merchant", "sp_code", "empty"}, {"terminal", "interval", "unknown"}}) {
		t.Errorf("left %v", left)
	}
	for _, l := range left {
		if strings.Contains(l.Name+l.Why, "hush") {
			t.Errorf("%v repeats a value", l)
		}
	}
	if taken, _, err := readIntegrator(`{"qrTtl":4,"TerminalNo":"T-02"}`); err != nil || len(taken) != 2 || taken[1].Key != "TerminalQrTtl" {
		t.Errorf("a terminal's value alone: %v, %v", taken, err)
	}
	if taken, _, err := readIntegrator(`{"qrTtl":4,"url":"https://sp.example"}`); err != nil || len(taken) != 2 || taken[0].Key != "qrTtl" {
		t.Errorf("a merchant's value alone: %v, %v", taken, err)
	}
	for _, broken := range []string{"", "[]", "{}", `{"merchant":[]}`, `{"merchant":"x"}`, `{"x":1}`, `{"url":"a","URL":"b"}`, `{"url":"a"} x`, `{"merchant":{"url":{}}}`, `{"sp_code":"N","merchant_id":true}`, `{"sp_code":"N","merchant_id":"a\u001bb"}`} {
		if taken, left, err := readIntegrator(broken); err == nil {
			t.Errorf("%s: %v, %v", broken, taken, left)
		}
	}
}

func FuzzReadIntegrator(f *testing.F) {
	f.Add(`{"merchant":"{\"url\":\"u\"}","terminal":{"TerminalNo":"T","qrTtl":3}}`)
	f.Add(`{"url":"u","qrTtl":1e3,"x":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		taken, left, err := readIntegrator(text)
		if err != nil && (taken != nil || left != nil) {
			t.Error("something of a broken file is taken")
		}
		seen := map[string]bool{}
		for _, v := range taken {
			if v.Value == "" || seen[v.Key] || strings.ContainsAny(v.Value, "\r\n\x00") {
				t.Errorf("%+v", v)
			}
			seen[v.Key] = true
		}
	})
}
