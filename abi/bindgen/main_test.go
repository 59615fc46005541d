package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func made(t *testing.T, header string) map[string][]byte {
	t.Helper()
	files, err := generate(header)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func payrackH(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile("../payrack.h")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestTheBindingsAreMadeFromTheHeader(t *testing.T) {
	for name, want := range made(t, payrackH(t)) {
		got, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(name)))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("abi/%s is stale: run go generate in abi (%v)", name, err)
		}
	}
}

func TestEachBindingHasEveryFunctionAndEveryNumber(t *testing.T) {
	header := payrackH(t)
	functions := regexp.MustCompile(`PR_CALL (pr_\w+)\(`).FindAllStringSubmatch(header, -1)
	numbers := regexp.MustCompile(`(?m)^#define (PR_\w+) +[-0]?\w+`).FindAllStringSubmatch(header, -1)
	if len(functions) < 40 || len(numbers) < 50 {
		t.Fatalf("%d functions, %d numbers", len(functions), len(numbers))
	}
	for name, content := range made(t, header) {
		for _, m := range functions {
			if !regexp.MustCompile(`\b` + m[1] + `\b`).Match(content) {
				t.Errorf("%s lacks %s", name, m[1])
			}
		}
		for _, m := range numbers {
			if name != "bindings/c/payrack_load.h" && m[1] != "PR_CALL" && m[1] != "PR_API" && !regexp.MustCompile(`\b`+m[1]+`\b`).Match(content) {
				t.Errorf("%s lacks %s", name, m[1])
			}
		}
	}
}

func TestAHeadersWordsReachTheBindings(t *testing.T) {
	for name, content := range made(t, payrackH(t)) {
		if name == "bindings/c/payrack_load.h" { // it includes the header itself
			continue
		}
		for _, words := range []string{"it is never carried out twice", "cancelled, and proved not charged", "Another operation is under way at this till",
			"Events come through the callback, on the calling thread", "A negative return of pr_start"} {
			if !strings.Contains(string(content), words) {
				t.Errorf("%s does not say %q", name, words)
			}
		}
	}
}

func TestATypeThatNoLanguageKnowsIsRefused(t *testing.T) {
	_, err := generate("PR_API int32_t PR_CALL pr_new(pr_host host, double sum);\n")
	if err == nil || !strings.Contains(err.Error(), "pr_new") {
		t.Errorf("%v", err)
	}
}
