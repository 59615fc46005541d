package statement

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/payrack/payrack/sdk/pdf"
)

// textOf reads the words of a PDF back: its pages' streams, whose strings are UTF-16 there, and how many pages there are.
func textOf(t *testing.T, raw []byte) (text string, pages int) {
	t.Helper()
	if !bytes.HasPrefix(raw, []byte("%PDF-")) || !bytes.Contains(raw, []byte("%%EOF")) {
		t.Fatal("not a PDF")
	}
	pages = len(regexp.MustCompile(`/Type /Page\n`).FindAll(raw, -1))
	var b strings.Builder
	for rest := raw; ; {
		at := bytes.Index(rest, []byte("stream\n"))
		if at < 0 {
			return b.String(), pages
		}
		rest = rest[at+len("stream\n"):]
		in, err := zlib.NewReader(bytes.NewReader(rest))
		if err != nil {
			continue
		}
		content, err := io.ReadAll(in)
		if err != nil || !bytes.Contains(content, []byte(" Tf ET")) && !bytes.Contains(content, []byte("BT ")) {
			continue
		}
		for _, m := range regexp.MustCompile(`(?s)\(((?:[^\\()]|\\.)*)\) ?T[jJ]`).FindAllSubmatch(content, -1) {
			s := regexp.MustCompile(`(?s)\\(.)`).ReplaceAll(m[1], []byte("$1"))
			units := make([]uint16, len(s)/2)
			for i := range units {
				units[i] = binary.BigEndian.Uint16(s[2*i:])
			}
			b.WriteString(string(utf16.Decode(units)) + "\n")
		}
		for _, m := range regexp.MustCompile(`(?s)\[(.*?)\] TJ`).FindAllSubmatch(content, -1) {
			b.Write(m[1])
		}
	}
}

// squeezed is text without blanks and line ends, which the layout may put anywhere.
func squeezed(s string) string { return strings.Join(strings.Fields(s), "") }

// TestTheStatementIsOnePageThatSaysWhatTheClientAsksFor reads the page back.
func TestTheStatementIsOnePageThatSaysWhatTheClientAsksFor(t *testing.T) {
	p, err := Sample().Render(Templates{})
	if err != nil {
		t.Fatal(err)
	}
	text, pages := textOf(t, p.PDF)
	if pages != 1 {
		t.Errorf("%d pages", pages)
	}
	for _, want := range []string{"ООО \"РОМАШКА\", ИНН 7101234567", "Экземпляр организации", "Филиал 2, г. Тула, ул. Мира, 1, ID подразделения 21",
		"ЗАЯВЛЕНИЕ № 000791 от 22.11.2026", "Я, ПЕТРОВ СЕРГЕЙ ОЛЕГОВИЧ, документ: паспорт 70 03 123456", "ПЕ800 от 22.11.2026",
		"3 450,00 руб. (три тысячи четыреста пятьдесят рублей 00 копеек)", "0,00 руб.", "МИР 2200 12** **** 1234, имя на карте PETROV SERGEY",
		"Альфа-Банк (KVELL)", "Выплата по договору займа ПЕ800", "операция после отправки в банк не отменяется", "ПЕТРОВ С. О.", "ИВАНОВА А.",
		"операция 4-KVELL-000791. Повторная печать № 0"} {
		if !strings.Contains(squeezed(text), squeezed(want)) {
			t.Errorf("the page lacks %q:\n%s", want, text)
		}
	}
	again, err := Sample().Render(Templates{})
	if err != nil || !bytes.Equal(again.PDF, p.PDF) || again.Hash != p.Hash {
		t.Error("the same statement gives another page")
	}
}

// TestAReprintHidesTheDocument holds that only the first page names it, and that its number is in no hash either.
func TestAReprintHidesTheDocument(t *testing.T) {
	s := Sample()
	first, err := s.Render(Templates{})
	if err != nil {
		t.Fatal(err)
	}
	s.Reprint = 2
	p, err := s.Render(Templates{})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := textOf(t, p.PDF)
	if strings.Contains(squeezed(text), "7003123456") || !strings.Contains(squeezed(text), squeezed("паспорт ** ** ***456")) {
		t.Errorf("the document is not hidden:\n%s", text)
	}
	if !strings.Contains(squeezed(text), squeezed("Экземпляр клиента")) || !strings.Contains(squeezed(text), squeezed("Повторная печать № 2")) {
		t.Errorf("the reprint does not say what it is:\n%s", text)
	}
	other := Sample()
	other.Client.Passport = "паспорт 11 22 333456" // the same three digits at its end
	second, err := other.Render(Templates{})
	if err != nil || second.Hash != first.Hash {
		t.Error("the hash depends on the digits that are hidden")
	}
}

// TestAChainsTemplateReplacesTheText, and one that cannot be used is reported while the built-in one is printed.
func TestAChainsTemplateReplacesTheText(t *testing.T) {
	dir := t.TempDir()
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "ru.tmpl"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("^ НАШЕ ЗАЯВЛЕНИЕ {{.Number}}\n: Сумма || {{.Words}}\n")
	p, err := Sample().Render(Templates{Dir: dir})
	if err != nil || p.Problem != nil {
		t.Fatal(err, p.Problem)
	}
	if text, _ := textOf(t, p.PDF); !strings.Contains(squeezed(text), squeezed("НАШЕ ЗАЯВЛЕНИЕ 000791")) || strings.Contains(text, "РОМАШКА") {
		t.Errorf("%s", text)
	}
	if err := (Templates{Dir: dir}).Check(); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"{{.Nothing}}", "{{", strings.Repeat("строка\n", 500)} {
		write(bad)
		p, err := Sample().Render(Templates{Dir: dir})
		if err != nil || p.Problem == nil {
			t.Errorf("%.20q: %v, problem %v", bad, err, p.Problem)
		}
		if text, pages := textOf(t, p.PDF); pages != 1 || !strings.Contains(text, "РОМАШКА") {
			t.Errorf("%.20q: the built-in text is not printed", bad)
		}
		if (Templates{Dir: dir}).Check() == nil {
			t.Errorf("%.20q: the check finds nothing", bad)
		}
	}
}

// TestLongValuesShrinkTheLettersAndNeverASecondPage holds one page for values of any length that a till may send, or a refusal.
func TestLongValuesShrinkTheLettersAndNeverASecondPage(t *testing.T) {
	s := Sample()
	s.Purpose = strings.Repeat("очень длинное назначение ", 40)
	s.Client.Name = strings.Repeat("ДЛИННОЕ ИМЯ ", 20)
	p, err := s.Render(Templates{})
	if err != nil {
		t.Fatal(err)
	}
	if _, pages := textOf(t, p.PDF); pages != 1 {
		t.Errorf("%d pages", pages)
	}
	s.Purpose = strings.Repeat("без конца ", 4000)
	if _, err := s.Render(Templates{}); !errors.Is(err, pdf.ErrTooLong) {
		t.Errorf("%v", err)
	}
}

// TestATestTerminalStandsOnThePage holds the mark.
func TestATestTerminalStandsOnThePage(t *testing.T) {
	s := Sample()
	s.Test = true
	for language, want := range map[string]string{"ru": "ТЕСТОВЫЙ ТЕРМИНАЛ", "en": "TEST TERMINAL"} {
		s.Language = language
		p, err := s.Render(Templates{})
		if err != nil {
			t.Fatal(err)
		}
		if text, _ := textOf(t, p.PDF); !strings.Contains(squeezed(text), squeezed(want)) {
			t.Errorf("%s: no mark:\n%s", language, text)
		}
	}
}

// FuzzStatement holds that no value of a till breaks a page: it comes, as one page, or is refused as too long.
func FuzzStatement(f *testing.F) {
	f.Add("ПЕТРОВ СЕРГЕЙ", "паспорт 70 03 123456", "ПЕ800 || x", "^ a\n: b || c")
	f.Add("", "", "", "")
	f.Add("\x00\xff|| ||", "12345678901234567890", "😀", "\u2028")
	f.Fuzz(func(t *testing.T, name, passport, contract, purpose string) {
		s := Sample()
		s.Client = Client{Name: name, Passport: passport}
		s.Contract, s.Purpose = contract, purpose
		p, err := s.Render(Templates{})
		if err != nil {
			if errors.Is(err, pdf.ErrTooLong) {
				return
			}
			t.Fatal(err)
		}
		if pages := bytes.Count(p.PDF, []byte("/Type /Page\n")); pages != 1 {
			t.Fatal(strconv.Itoa(pages) + " pages")
		}
	})
}
