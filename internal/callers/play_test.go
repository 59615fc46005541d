package callers

import (
	"os"
	"strings"
	"testing"
)

func TestTheScenariosConsistOfStepsThatAreKnown(t *testing.T) {
	for _, name := range []string{"demo.txt", "callers.txt", "kills.txt"} {
		text, err := os.ReadFile("../../scripts/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if steps, err := Parse(string(text)); err != nil || len(steps) < 10 {
			t.Errorf("%s: %d steps, %v", name, len(steps), err)
		}
	}
	if _, err := Parse("say hello\n\n# a remark\nonlin 100\n"); err == nil || !strings.Contains(err.Error(), `line 4: no step "onlin"`) {
		t.Errorf("a slip of the pen: %v", err)
	}
}

func TestATillsSumsCountTheLastWordAboutEachOperation(t *testing.T) {
	list := []Told{
		{"approved", "a", "pay.online", 100, "confirmed"}, {"declined", "b", "pay.offline", 0, "-"}, {"approved", "c", "refund", 30, "confirmed"},
		{"approved", "d", "pay.offline", 50, "left"}, {"approved", "d", "pay.offline", 50, "reversed"}, {"unknown", "e", "pay.online", 0, "-"},
		{"approved", "e", "pay.online", 7, "confirmed"}, {"approved", "close-sendy-1", "close_day", 0, "-"},
	}
	if got, err := sum(list); err != nil || got != (Sums{157, 80}) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := sum([]Told{list[0], {"declined", "a", "pay.online", 0, "-"}}); err == nil {
		t.Error("a till may unsay an approval")
	}
}

func TestWhatATillSaysOfAnOperationIsRead(t *testing.T) {
	if got, ok := parseTold("== approved 4-1 pay.online 99000 confirmed"); !ok || got != (Told{"approved", "4-1", "pay.online", 99000, "confirmed"}) {
		t.Errorf("%+v, %v", got, ok)
	}
	for _, line := range []string{"== approved", "== pending 2", "== approved 4-1 pay.online much confirmed", ""} {
		if got, ok := parseTold(line); ok {
			t.Errorf("%q is read as %+v", line, got)
		}
	}
}
