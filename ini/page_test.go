package ini_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/payrack/payrack/ini"
)

func described(t *testing.T) ini.Schema {
	t.Helper()
	schema, err := ini.Describe(&till{})
	if err != nil {
		t.Fatal(err)
	}
	schema.Title = ini.Text{RU: "Настройки модуля", EN: "Settings of the module"}
	return schema
}

func TestTheTemplateHoldsTheDefaultsAndReadsBack(t *testing.T) {
	schema := described(t)
	for _, language := range []string{"ru", "en"} {
		text := string(schema.Template(language))
		f, cfg := parse(t, text)
		if cfg.Width != 32 || cfg.Limit != 1_000_000_000 {
			t.Errorf("%s: %+v", language, cfg)
		}
		if string(f.Bytes()) != text || strings.Contains(text, "Trace") || strings.Contains(text, "\nNetworkKey") {
			t.Errorf("%s: %s", language, text)
		}
	}
	want := "; Настройки модуля\n\n; Связь\n[Connection]\n\n; Включён\n; да или нет\nEnabled=yes\n"
	if got := string(schema.Template("ru")); !strings.HasPrefix(got, want) {
		t.Errorf("got %s", got)
	}
	if got := string(schema.Template("en")); !strings.Contains(got, "\n; Waiting timeout\n; How long to wait for the customer.\n; a duration, s from 310 to 3600\nWaitTimeout=310\n") {
		t.Errorf("got %s", got)
	}
}

func TestEnsureCreatesOnceAndNeverTouchesAFile(t *testing.T) {
	schema := described(t)
	path := filepath.Join(t.TempDir(), "sendy.ini")
	if created, err := ini.Ensure(path, schema, "ru"); !created || err != nil {
		t.Fatalf("%v, %v", created, err)
	}
	load(t, path)
	if err := os.WriteFile(path, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if created, err := ini.Ensure(path, schema, "ru"); created || err != nil || content(t, path) != "broken" {
		t.Errorf("%v, %v, %q", created, err, content(t, path))
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("left in the folder: %v", left)
	}
	if _, err := ini.Ensure(filepath.Join(t.TempDir(), "no", "sendy.ini"), schema, "ru"); err == nil {
		t.Error("a file was created in a folder that is not there")
	}
}

func TestTheReferenceShowsEverySettingThatIsNotHidden(t *testing.T) {
	page := described(t).Reference("en")
	for _, line := range []string{
		"# Settings of the module\n\n## [Connection] Connection\n\n| Key | What it is | Value | Default |\n|---|---|---|---|\n",
		"| `Mode` | Mode | offline, online | `offline` |\n",
		"| `WaitTimeout` | Waiting timeout. How long to wait for the customer. | a duration, s from 310 to 3600 | `310` |\n",
		"| `NetworkKey` | Network key | secret: payrack config set NetworkKey --secret |  |\n",
	} {
		if !strings.Contains(page, line) {
			t.Errorf("no %q in\n%s", line, page)
		}
	}
	if strings.Contains(page, "Trace") {
		t.Error("a hidden setting is shown")
	}
}

func TestAnExportLeavesSecretsAndTheInstallationsOwnBehind(t *testing.T) {
	from, _ := parse(t, "[Connection]\nEnabled=no\nCAFile=roots.pem\n[Till]\nSlipWidth=48\n")
	exported := ini.Export(from)
	if _, ok := exported["Enabled"]; ok || exported["SlipWidth"] != "48" || exported["WaitTimeout"] != "310" {
		t.Errorf("got %v", exported)
	}
	text := ini.ExportText(from)
	if string(text) != string(ini.ExportText(from)) || strings.Contains(string(text), "Enabled") || strings.Contains(string(text), "NetworkKey") {
		t.Errorf("got %s", text)
	}
	path := written(t, "; mine\n[Connection]\nEnabled=yes\n[Till]\nNote=here\n")
	to := load(t, path)
	if err := ini.Import(to, append([]byte("[Connection]\nEnabled=no\n"), strings.Replace(string(text), "Note=\n", "", 1)...)); err != nil {
		t.Fatal(err)
	}
	values := to.Values()
	if values["Enabled"] != "yes" || values["SlipWidth"] != "48" || values["CAFile"] != "roots.pem" || values["Note"] != "here" {
		t.Errorf("got %v", values)
	}
	if !strings.HasPrefix(content(t, path), "; mine\n") {
		t.Errorf("got %s", content(t, path))
	}
	if err := ini.Import(to, []byte("[Till]\nSlipWidth=99\nNote=x\n")); err == nil || to.Values()["Note"] != "here" {
		t.Errorf("half an import: %v", err)
	}
}
