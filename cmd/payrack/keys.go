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
		if err := a.knowsCommand(cmd.Context(), s, args[0], "keys"); err != nil {
			return err
		}
		o := order{module: args[0], kind: pay.KindCommand, params: map[string]any{"name": "keys", "args": call}}
		op, err := a.operate(cmd.Context(), s, &o)
		if err != nil {
			return err
		}
		return a.keysTold(op, action, out)
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
func (a *app) keysTold(op pay.Operation, action, out string) error {
	if op.Running || op.Outcome != pay.Approved {
		if err := a.result(op, func() { a.showOperation(op) }); err != nil {
			return err
		}
		return ended(op)
	}
	var r keysResult
	if err := json.Unmarshal(op.Result, &r); err != nil || r.Public == "" {
		return errors.Join(fmt.Errorf("read the public key of %s", op.Module), err)
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
		if err := a.knowsCommand(cmd.Context(), s, of.Module, "certificate"); err != nil {
			return err
		}
		o := order{module: of.Module, kind: pay.KindCommand, params: map[string]any{"name": "certificate", "args": map[string]any{"ref": ref}}}
		op, err := a.operate(cmd.Context(), s, &o)
		if err != nil {
			return err
		}
		if op.Running || op.Outcome != pay.Approved {
			if err := a.result(op, func() { a.showOperation(op) }); err != nil {
				return err
			}
			return ended(op)
		}
		var r struct {
			File  string `json:"file"`
			Bytes int64  `json:"bytes"`
		}
		if err := json.Unmarshal(op.Result, &r); err != nil {
			return fmt.Errorf("read the certificate of %s: %w", ref, err)
		}
		if out != "" {
			data, err := os.ReadFile(r.File)
			if err != nil {
				return err
			}
			if err := writeBeside(out, data); err != nil {
				return err
			}
			r.File = out
		}
		return a.result(r, func() { fmt.Fprintln(a.Stdout, a.say("cli.written", "File", r.File)) })
	})
	cmd.Flags().StringVar(&out, "out", "", a.say("cli.flag.out"))
	return cmd
}
