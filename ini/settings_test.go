package ini_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/payrack/payrack/ini"
)

type mode string

type logging struct {
	Retention int `ini:"LogRetention" section:"Log" default:"30" min:"1" max:"3650" unit:"d" ru:"Хранить журналы" en:"Keep logs"`
}

// till is a settings struct like a module's.
type till struct {
	Enabled bool          `ini:"Enabled" section:"Connection" section_ru:"Связь" section_en:"Connection" default:"yes" noexport:"true" ru:"Включён" en:"Enabled"`
	Server  string        `ini:"ServerURL" as:"url" default:"https://pay.example.com/api" required:"true" ru:"Адрес сервера" en:"Server address"`
	CAFile  string        `ini:"CAFile" as:"path" ru:"Корневые сертификаты" en:"Root certificates" restart:"true"`
	Key     string        `ini:"NetworkKey" secret:"true" ru:"Ключ сети" en:"Network key"`
	Wait    time.Duration `ini:"WaitTimeout" section:"Till" default:"310" min:"310" max:"3600" unit:"s" ru:"Таймаут ожидания" en:"Waiting timeout" help_ru:"Сколько ждать покупателя." help_en:"How long to wait for the customer."`
	Width   int           `ini:"SlipWidth" default:"32" min:"24" max:"64" ru:"Ширина слипа" en:"Slip width"`
	Mode    mode          `ini:"Mode" default:"offline" choices:"offline,online" choices_ru:"офлайн,онлайн" choices_en:"offline,online" ru:"Режим" en:"Mode"`
	Limit   int64         `ini:"Limit" as:"money" default:"10000000.00" min:"0.01" ru:"Предел суммы" en:"Limit of an amount"`
	Fee     ini.Money     `ini:"Fee" default:"0" ru:"Сбор" en:"Fee"`
	Sendy   bool          `ini:"Sendy" default:"yes" const:"true" ru:"Sendy" en:"Sendy"`
	Systems []string      `ini:"Systems" default:"wechat" choices:"wechat,alipay" ru:"Системы" en:"Systems"`
	Note    string        `ini:"Note" max:"64" ru:"Примечание" en:"Note"`
	logging
	Trace bool `ini:"Trace" default:"no" hidden:"true"`

	checked int // not a setting
}

func (t *till) Validate() error {
	if t.Mode == "online" && t.Width < 32 {
		return errors.Join(ini.Invalid("SlipWidth", ini.Text{RU: "QR не поместится", EN: "the QR does not fit"},
			ini.Text{RU: "нужно 32 и больше", EN: "make it 32 or more"}))
	}
	return nil
}

func parse(t *testing.T, text string) (*ini.File, till) {
	t.Helper()
	var cfg till
	f, err := ini.Parse([]byte(text), &cfg)
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	return f, cfg
}

// refused parses text and returns its problems.
func refused(t *testing.T, text string) ini.Problems {
	t.Helper()
	cfg := till{Width: -7}
	_, err := ini.Parse([]byte(text), &cfg)
	var problems ini.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("%.200q: want problems, got %v", text, err)
	}
	if cfg.Width != -7 {
		t.Errorf("%.200q was refused and yet changed the struct", text)
	}
	return problems
}

func written(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sendy.ini")
	if err := os.WriteFile(path, []byte(content), 0o640); err != nil {
		t.Fatal(err)
	}
	return path
}

func content(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
