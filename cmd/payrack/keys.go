package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/sdk/pay"
)

// keysResult is what a module's command "keys" results in. The private key is in no answer.
type keysResult struct {
	Bits        int    `json:"bits"`
	Fingerprint string `json:"fingerprint"`
	Public      string `json:"public"`
	Letter      string `json:"letter"`
	File        string `json:"file,omitempty"`
}

func (a *app) keysCommand() *cobra.Command {
	return a.group("keys", "keys", a.keysMaking("generate"), a.keysMaking("import"), a.keysMaking("show-public"))
}

// keysMaking is one of the commands about the pair of keys by which a module signs.
func (a *app) keysMaking(action string) *cobra.Command {
	var out, file string
	var replace bool
	cmd := a.command(action+" "+a.say("cli.arg.module"), "keys-"+action, a.exactly(1), func(cmd *cobra.Command, args []string) error {
		call := map[string]any{"action": action, "replace": replace}
		if action == "import" {
			if err := a.require(cmd, "file"); err != nil {
				return err
			}
			pem, err := a.pemFile(file)
			if err != nil {
				return err
			}
			call["pem"] = pem
		}
		s, err := a.open(cmd.Context(), true)
		if err != nil {
			return err
		}
		defer s.Close()
		raw, err := a.commandResult(cmd.Context(), s, args[0], "keys", call, dialog{})
		if err != nil {
			return err
		}
		return a.keysTold(args[0], raw, action, out)
	})
	f := cmd.Flags()
	f.StringVar(&out, "out", "", a.say("cli.keys.flag.out"))
	if action != "show-public" {
		f.BoolVar(&replace, "replace", false, a.say("cli.keys.flag.replace"))
	}
	if action == "import" {
		f.StringVar(&file, "file", "", a.say("cli.keys.flag.file"))
	}
	return cmd
}

// maxPEM bounds a file of a key, in bytes.
const maxPEM = 64 << 10

func (a *app) pemFile(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.Size() > maxPEM {
		return "", a.usageErrorf("cli.usage.flag_wrong", "Flag", "--file", "Value", shorten(path))
	}
	data, err := os.ReadFile(path)
	return string(data), err
}

// keysTold writes the public key and the text to send with it.
func (a *app) keysTold(module string, raw json.RawMessage, action, out string) error {
	var r keysResult
	if err := json.Unmarshal(raw, &r); err != nil || r.Public == "" {
		return errors.Join(fmt.Errorf("read the public key of %s", module), err)
	}
	if out == "" && action != "show-public" {
		out = "publickey.pem"
	}
	if out != "" {
		if err := writeBeside(out, []byte(r.Public)); err != nil {
			return err
		}
		r.File = out
		if path, err := filepath.Abs(out); err == nil {
			r.File = path
		}
	}
	return a.result(r, func() {
		if r.File == "" {
			fmt.Fprint(a.Stdout, clean(r.Public))
			return
		}
		fmt.Fprintln(a.Stdout, a.say("cli.keys.made", "File", r.File, "Bits", r.Bits, "Fingerprint", r.Fingerprint))
		fmt.Fprintln(a.Stdout)
		fmt.Fprintln(a.Stdout, clean(r.Letter))
	})
}

// certificateCommand fetches the provider's certificate of an operation.
func (a *app) certificateCommand() *cobra.Command {
	var out string
	cmd := a.onRef("certificate", "certificate", func(cmd *cobra.Command, ref pay.Ref) error {
		s, err := a.open(cmd.Context(), true)
		if err != nil {
			return err
		}
		defer s.Close()
		of, err := s.Operation(cmd.Context(), ref)
		if err != nil {
			return err
		}
		raw, err := a.commandResult(cmd.Context(), s, of.Module, "certificate", map[string]any{"ref": ref}, dialog{})
		if err != nil {
			return err
		}
		return a.fileTold(raw, out)
	})
	cmd.Flags().StringVar(&out, "out", "", a.say("cli.flag.out"))
	return cmd
}
