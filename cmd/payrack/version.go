package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/payrack/payrack/host/client"
)

// release is set by the linker of a release: -X main.release=1.2.3.
var release string

// version is what this program is: its release, else the revision that it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return cmp.Or(release, "unknown")
	}
	revision := ""
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = s.Value[:min(12, len(s.Value))]
		}
	}
	return cmp.Or(release, revision, info.Main.Version, "unknown")
}

// versionDocument is the JSON of payrack version.
type versionDocument struct {
	Version string `json:"version"`
	ABI     string `json:"abi"`
	Go      string `json:"go"`
	System  string `json:"system"`
	Program string `json:"program"`
	Home    string `json:"home,omitempty"`
	Host    string `json:"host,omitempty"` // the version of the running host
}

func (a *app) versionCommand() *cobra.Command {
	return a.command("version", "version", a.exactly(0), func(cmd *cobra.Command, _ []string) error {
		doc := versionDocument{
			Version: version(), ABI: fmt.Sprintf("%d.%d", client.ABI>>16, client.ABI>>8&0xff), Go: runtime.Version(),
			System: runtime.GOOS + "/" + runtime.GOARCH, Program: a.Program,
		}
		if p, err := a.place(); err == nil {
			doc.Home = p.Home
			if s, err := client.Open(cmd.Context(), a.clientOptions(p, false)); err == nil {
				doc.Host = s.HostVersion()
				s.Close()
			}
		}
		return a.result(doc, func() {
			fmt.Fprintf(a.Stdout, "payrack %s (ABI %s, %s, %s)\n", doc.Version, doc.ABI, doc.System, doc.Go)
			a.pair("cli.host.home", doc.Home)
			a.pair("cli.version.host", doc.Host)
			if doc.Host != "" && doc.Host != doc.Version {
				fmt.Fprintln(a.Stderr, a.say("cli.version.differs"))
			}
		})
	})
}
