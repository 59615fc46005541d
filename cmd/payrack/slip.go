package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/host/client"
	"github.com/payrack/payrack/sdk/pay"
)

// slipDocument is the JSON of a slip: its text, or its bytes where they are no text.
type slipDocument struct {
	Ref    pay.Ref `json:"ref"`
	Copy   int     `json:"copy"`
	Format string  `json:"format"`
	Text   string  `json:"text,omitempty"`
	Base64 string  `json:"base64,omitempty"`
	File   string  `json:"file,omitempty"`
	Bytes  int     `json:"bytes"`
}

func (a *app) slipCommand() *cobra.Command {
	var number, width int
	var format, encoding, out string
	cmd := a.onRef("slip", "slip", func(cmd *cobra.Command, ref pay.Ref) error {
		if number < 0 {
			return a.usageErrorf("cli.usage.flag_wrong", "Flag", "--copy", "Value", fmt.Sprint(number))
		}
		if width != 0 && (width < 24 || width > 64) {
			return a.usageErrorf("cli.usage.width", "Value", width)
		}
		if err := a.choice("--format", format, "text", "json", "escpos", "png", "pdf"); err != nil {
			return err
		}
		s, err := a.open(cmd.Context(), true)
		if err != nil {
			return err
		}
		defer s.Close()
		data, err := s.Slip(cmd.Context(), ref, client.Paper{Copy: number, Format: format, Encoding: encoding, Width: width, Language: a.flags.lang})
		if err != nil {
			return err
		}
		doc := slipDocument{Ref: ref, Copy: number, Format: format, File: out, Bytes: len(data)}
		switch {
		case out != "":
			if err := writeBeside(out, data); err != nil {
				return err
			}
			fmt.Fprintln(a.Stderr, a.say("cli.written", "File", out))
			if !a.flags.json {
				return nil
			}
		case format == "text" && utf8.Valid(data):
			doc.Text = string(data)
		default:
			doc.Base64 = base64.StdEncoding.EncodeToString(data)
		}
		if a.flags.json {
			return a.writeJSON(doc)
		}
		_, err = a.Stdout.Write(data)
		return err
	})
	f := cmd.Flags()
	f.IntVar(&number, "copy", 0, a.say("cli.flag.copy"))
	f.StringVar(&format, "format", "text", a.say("cli.flag.format"))
	f.StringVar(&encoding, "encoding", "utf-8", a.say("cli.flag.encoding"))
	f.IntVar(&width, "width", 0, a.say("cli.flag.width"))
	f.StringVar(&out, "out", "", a.say("cli.flag.out"))
	return cmd
}

// writeBeside writes a file whole or not at all.
func writeBeside(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".payrack-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(data)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
