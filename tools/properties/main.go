// Command properties gives the Windows programs of an installation what Explorer shows of them: an icon, and the page Details of their
// properties, in Russian and English. It writes into the programs after they were linked, so that no object files lie among the sources.
//
//	properties VERSION FOLDER FILE...
//
// Files are named as they lie in FOLDER. Done again, it changes nothing.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/tc-hib/winres"
	"github.com/tc-hib/winres/version"
)

// text is what a program is, in Russian and English.
type text struct{ ru, en string }

var descriptions = map[string]text{
	"payrack.dll":         {"payrack: оплата из кассовой программы", "payrack: payments for a cashier program"},
	"payrack.exe":         {"payrack: служба и командная строка", "payrack: host and command line"},
	"payrack-sandbox.exe": {"payrack: песочница провайдеров", "payrack: sandbox of the providers"},
	"sendy.exe":           {"payrack: модуль оплаты Sendy", "payrack: payment module Sendy"},
	"sbp.exe":             {"payrack: модуль оплаты СБП", "payrack: payment module SBP"},
	"kvell.exe":           {"payrack: модуль выплат KVELL", "payrack: payout module KVELL"},
	"lombard.exe":         {"payrack: модуль выплат Lombard Payments", "payrack: payout module Lombard Payments"},
	"socproc.exe":         {"payrack: модуль оплаты «Социальный процессинг»", "payrack: payment module Social processing"},
}

// Languages of Windows that the page is written for.
const (
	russian = 0x0419
	english = 0x0409
)

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: properties VERSION FOLDER FILE...")
		os.Exit(2)
	}
	for _, name := range os.Args[3:] {
		if err := describe(filepath.Join(os.Args[2], filepath.FromSlash(name)), path.Base(name), os.Args[1]); err != nil {
			fmt.Fprintf(os.Stderr, "properties of %s: %v\n", name, err)
			os.Exit(1)
		}
	}
}

func describe(file, name, release string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	rs, err := resources(name, release)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := rs.WriteToEXE(&out, bytes.NewReader(raw)); err != nil {
		return err
	}
	if bytes.Equal(out.Bytes(), raw) {
		return nil
	}
	return os.WriteFile(file, out.Bytes(), 0o755)
}

func resources(name, release string) (*winres.ResourceSet, error) {
	described, known := descriptions[name]
	if !known {
		return nil, fmt.Errorf("nobody has said what it is: add it to tools/properties")
	}
	rs := &winres.ResourceSet{}
	icon, err := winres.NewIconFromImages(drawings())
	if err != nil {
		return nil, err
	}
	if err := rs.SetIcon(winres.ID(1), icon); err != nil {
		return nil, err
	}
	page := version.Info{Type: version.App}
	if path.Ext(name) == ".dll" {
		page.Type = version.DLL
	} else {
		// Without a manifest Windows takes a 32-bit program for one of the last century, and turns what it writes into a folder of the
		// user's own: two users would have two journals.
		rs.SetManifest(winres.AppManifest{ExecutionLevel: winres.AsInvoker, Compatibility: winres.Win10AndAbove, LongPathAware: true})
	}
	page.SetFileVersion(release)
	page.SetProductVersion(release)
	for language, description := range map[uint16]string{russian: described.ru, english: described.en} {
		for key, value := range map[string]string{
			version.CompanyName: "payrack", version.ProductName: "payrack", version.FileDescription: description, version.FileVersion: release,
			version.ProductVersion: release, version.InternalName: name, version.OriginalFilename: name, version.LegalCopyright: "Apache License 2.0",
		} {
			if err := page.Set(language, key, value); err != nil {
				return nil, err
			}
		}
	}
	rs.SetVersionInfo(page)
	return rs, nil
}
