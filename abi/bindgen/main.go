// Command bindgen writes the bindings of payrack.h for other languages: abi/bindings, one file a language.
//
// It runs in the folder of payrack.h, by go generate; a test says when its output is stale.
package main

import (
	"bytes"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"text/template"

	"github.com/payrack/payrack/abi/header"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "bindgen:", err)
		os.Exit(1)
	}
}

// output says which file is made by which template.
var output = map[string]string{
	"bindings/c/payrack_load.h":   "c.tmpl",
	"bindings/pascal/payrack.pas": "pascal.tmpl",
	"bindings/csharp/Payrack.cs":  "csharp.tmpl",
	"bindings/python/payrack.py":  "python.tmpl",
	"bindings/node/payrack.js":    "node.tmpl",
}

//go:embed *.tmpl
var templates embed.FS

// run writes the bindings of the header in folder.
func run(folder string) error {
	raw, err := os.ReadFile(filepath.Join(folder, "payrack.h"))
	if err != nil {
		return err
	}
	files, err := generate(string(raw))
	if err != nil {
		return err
	}
	for name, content := range files {
		name = filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate gives the files of a header by their names.
func generate(text string) (map[string][]byte, error) {
	doc, err := header.Read(text)
	if err != nil {
		return nil, err
	}
	in, err := newInterface(doc)
	if err != nil {
		return nil, err
	}
	all, err := template.New("").Funcs(functions).ParseFS(templates, "*.tmpl")
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for name, from := range output {
		var b bytes.Buffer
		if err := all.ExecuteTemplate(&b, from, in); err != nil {
			return nil, err
		}
		files[name] = b.Bytes()
	}
	return files, nil
}
