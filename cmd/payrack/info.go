package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// infos are the documents that `payrack info` knows; those of the host need no module.
func infos() (host, module []string) {
	return []string{"modules", "operations", "host"}, []string{"capabilities", "settings", "activation", "counters", "shift", "health", "link", "journal", "registration"}
}

func (a *app) infoCommand() *cobra.Command {
	var module string
	cmd := a.command("info ["+a.say("cli.arg.what")+"]", "info", a.between(0, 1), func(cmd *cobra.Command, args []string) error {
		what := "modules"
		if module != "" {
			what = "registration"
		}
		if len(args) == 1 {
			what = args[0]
		}
		ofHost, ofModule := infos()
		if err := a.choice(a.say("cli.arg.what"), what, append(ofHost, ofModule...)...); err != nil {
			return err
		}
		if module == "" && slices.Contains(ofModule, what) && what != "health" {
			return a.usageErrorf("cli.usage.flag_missing", "Flag", "--module")
		}
		if module != "" && slices.Contains(ofHost, what) {
			return a.usageErrorf("cli.usage.info_of_host", "What", what)
		}
		s, err := a.open(cmd.Context(), true)
		if err != nil {
			return err
		}
		defer s.Close()
		raw, err := s.Info(cmd.Context(), module, what)
		if err != nil {
			return err
		}
		return a.result(raw, func() { a.document(raw) })
	})
	cmd.Flags().StringVar(&module, "module", "", a.say("cli.flag.module"))
	return cmd
}

// document prints a JSON document for people: a line for each value, what lies inside indented.
func (a *app) document(raw json.RawMessage) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := a.value(dec, "", "", 0); err != nil {
		fmt.Fprintln(a.Stdout, clean(string(raw)))
	}
}

// value prints the next value in the order in which it stands. key is what it is the value of, also as one of a list; name what is said so.
func (a *app) value(dec *json.Decoder, key, name string, depth int) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	pad := strings.Repeat("  ", depth)
	delim, compound := token.(json.Delim)
	if !compound {
		fmt.Fprintf(a.Stdout, "%s%s%s\n", pad, name, clean(fmt.Sprint(a.plainValue(key, token))))
		return nil
	}
	inner := depth
	if name != "" {
		fmt.Fprintf(a.Stdout, "%s%s\n", pad, strings.TrimRight(name, " "))
		inner++
	}
	for n := 1; dec.More(); n++ {
		of, label := key, fmt.Sprintf("%d. ", n)
		if delim == '{' {
			token, err := dec.Token()
			if err != nil {
				return err
			}
			of = fmt.Sprint(token)
			label = a.label(clean(of)) + ": "
		}
		if err := a.value(dec, of, label, inner); err != nil {
			return err
		}
	}
	_, err = dec.Token()
	return err
}

// label is what a key is called in the user's language; a key that has no words stands as it is.
func (a *app) label(key string) string {
	if words := a.maybe("cli.info.key." + key); words != "" {
		return words
	}
	return key
}

// wordings are where the words of a key's values stand.
var wordings = map[string]string{"state": "cli.state.", "kind": "cli.kind.", "kinds": "cli.kind.", "pending": "cli.pending.", "outcome": "cli.outcome.word."}

func (a *app) plainValue(key string, token json.Token) any {
	if word, is := token.(string); is && word != "" && wordings[key] != "" {
		if said := a.maybe(wordings[key] + word); said != "" {
			return said
		}
	}
	if yes, is := token.(bool); is && yes {
		return a.say("cli.yes")
	} else if is {
		return a.say("cli.no")
	}
	if token == nil || token == "" {
		return "-"
	}
	return token
}
