package ini

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Template returns the commented file with all defaults, in UTF-8 with \n, its comments in Russian or, for "en", in
// English. Hidden settings are left out; of secrets it says where they are kept.
func (s Schema) Template(language string) []byte {
	var b strings.Builder
	comment := func(text string) {
		for line := range strings.SplitSeq(text, "\n") {
			b.WriteString(strings.TrimRight("; "+line, " ") + "\n")
		}
	}
	if title := s.Title.In(language); title != "" {
		comment(title)
		b.WriteByte('\n')
	}
	section := ""
	for _, one := range s.ordered() {
		if one.Hidden {
			continue
		}
		if one.Section != section {
			section = one.Section
			if caption := one.SectionCaption.In(language); caption != "" {
				comment(caption)
			}
			b.WriteString("[" + section + "]\n\n")
		}
		comment(one.Caption.In(language))
		if help := one.Help.In(language); help != "" {
			comment(help)
		}
		if one.Secret {
			comment(Text{"Секрет, здесь не пишется. Задать: payrack config set ", "A secret, not written here. Set it: payrack config set "}.In(language) + one.Key + " --secret")
			b.WriteByte('\n')
			continue
		}
		comment(one.remark(language))
		b.WriteString(one.Key + "=" + one.Default + "\n\n")
	}
	return []byte(strings.TrimRight(b.String(), "\n") + "\n")
}

// ordered is the settings with those before the first section in front and each section in one piece.
func (s Schema) ordered() []Setting {
	names := append([]string{""}, s.sectionNames()...)
	var out []Setting
	done := map[string]bool{}
	for _, name := range names {
		if done[strings.ToLower(name)] {
			continue
		}
		done[strings.ToLower(name)] = true
		for _, one := range s.Settings {
			if strings.EqualFold(one.Section, name) {
				out = append(out, one)
			}
		}
	}
	return out
}

// remark says what the setting takes and when it takes effect, as one sentence.
func (s Setting) remark(language string) string {
	text := s.expected(language)
	if s.Const {
		text += Text{"; не меняется", "; cannot be changed"}.In(language)
	}
	if s.Restart {
		text += Text{"; действует после перезапуска", "; takes effect after a restart"}.In(language)
	}
	return text
}

// Ensure writes the template to path if there is no file yet, and says whether it did. A file that exists is never
// touched. Everybody may read the new one, for it holds no secrets. On Windows it has BOM and CRLF, for its editors.
func Ensure(path string, schema Schema, language string) (created bool, err error) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	text := schema.Template(language)
	if runtime.GOOS == "windows" {
		text = []byte(bom + strings.ReplaceAll(string(text), "\n", "\r\n"))
	}
	temp, err := writeBeside(path, text, 0o644)
	if err != nil {
		return false, fmt.Errorf("create settings: %w", err)
	}
	defer os.Remove(temp)
	// A link, unlike a rename, fails if somebody else has made the file meanwhile.
	err = os.Link(temp, path)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil { // a file system without links
		if err = os.Rename(temp, path); err != nil {
			return false, fmt.Errorf("create settings: %w", err)
		}
	}
	return true, syncDir(filepath.Dir(path))
}

// Reference returns the page about all settings that are not hidden: a Markdown table for each section.
func (s Schema) Reference(language string) string {
	var b strings.Builder
	if title := s.Title.In(language); title != "" {
		b.WriteString("# " + title + "\n")
	}
	head := Text{"| Ключ | Что это | Значение | По умолчанию |", "| Key | What it is | Value | Default |"}.In(language)
	section, first := "", true
	for _, one := range s.ordered() {
		if one.Hidden {
			continue
		}
		if first || one.Section != section {
			if one.Section != "" {
				b.WriteString("\n## [" + one.Section + "]")
				if caption := one.SectionCaption.In(language); caption != "" {
					b.WriteString(" " + caption)
				}
				b.WriteByte('\n')
			}
			b.WriteString("\n" + head + "\n|---|---|---|---|\n")
			section, first = one.Section, false
		}
		what := one.Caption.In(language)
		if help := one.Help.In(language); help != "" {
			what += ". " + help
		}
		value, standard := one.remark(language), ""
		if one.Secret {
			value = Text{"секрет: payrack config set ", "secret: payrack config set "}.In(language) + one.Key + " --secret"
		} else if one.Default != "" {
			standard = "`" + one.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", one.Key, cell(what), cell(value), cell(standard))
	}
	return strings.TrimLeft(b.String(), "\n")
}

func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(text)
}
