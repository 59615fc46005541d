// Command mutants plants known money mistakes in the source, one at a time, and shows which test finds each and how long that takes.
//
// The mistakes stand in the files of table/, each as a text to find and a text to put in its place. Nothing in the tree is changed: the
// changed file reaches the compiler through -overlay. For each mistake the tests that its entry names run first, then the packages
// around it, the simulator and the end-to-end tests, until one of them fails. A mistake that nothing finds is a hole in the tests, and
// makes the command fail; so does one that does not compile, and a test that fails without any mistake.
//
//	go run ./internal/proof/mutants -out dist/out/mutants.json           all of them
//	go run ./internal/proof/mutants -count 5                             five in turn, other ones each day
//	go run ./internal/proof/mutants -only timeout-is-a-decline           by name
//	go run ./internal/proof/mutants -by internal/proof/sim               which of them the simulator finds by itself
//	go run ./internal/proof/mutants -in dist/out/mutants.json -table en  the results of an earlier run, as a table
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"
)

// settings are what the command line says.
type settings struct {
	out, in, only, by, table string
	count                    int
	seed                     int64
}

func main() {
	var s settings
	flag.StringVar(&s.out, "out", "", "write the figures to this JSON `file`")
	flag.StringVar(&s.only, "only", "", "run these mutants, `ids` with commas between them")
	flag.StringVar(&s.by, "by", "", "let only this `package` look for them: all of its tests, or "+simulator+"; "+named+": only the tests that the entries name")
	flag.IntVar(&s.count, "count", 0, "run so many in turn; 0: all")
	flag.Int64Var(&s.seed, "seed", -1, "whose turn it is with -count; below 0: by the day")
	flag.StringVar(&s.in, "in", "", "run nothing: read the figures of this JSON `file`")
	flag.StringVar(&s.table, "table", "", "with -in: print a table in Markdown, in this `language`: en, ru")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ok, err := run(ctx, s)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
	}
	if err != nil || !ok {
		stop()
		os.Exit(1)
	}
}

// run does what the settings say; ok: every mutant was caught.
func run(ctx context.Context, s settings) (ok bool, err error) {
	all, err := readTable()
	if err != nil {
		return false, err
	}
	if s.in != "" {
		return true, printTable(os.Stdout, s.in, s.table, all)
	}
	if s.seed < 0 {
		s.seed = time.Now().Unix() / int64((24 * time.Hour).Seconds())
	}
	if s.count > 0 {
		fmt.Printf("turn %d: -seed %d runs the same mutants again\n", s.seed, s.seed)
	}
	chosen, err := choose(all, s)
	if err != nil {
		return false, err
	}
	root, err := findRoot()
	if err != nil {
		return false, err
	}
	dir, err := os.MkdirTemp("", "payrack-mutants-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	l := &laboratory{root: root, dir: dir, only: s.by, sound: map[check]bool{}}
	begun := time.Now()
	fmt.Printf("%d of %d mutants\n", len(chosen), len(all))
	if err := l.soundness(ctx, chosen); err != nil {
		return false, err
	}
	if s.by == "" {
		fmt.Printf("their tests pass without them (%s)\n", time.Since(begun).Round(time.Second))
	}
	r := figures{}
	for _, m := range chosen {
		found := l.hunt(ctx, m)
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		fmt.Println(found.line())
		r.add(found)
	}
	r.Seconds = seconds(time.Since(begun))
	fmt.Println(r.summary())
	return r.Survived == 0 && len(r.Broken) == 0, r.write(s.out)
}

// choose gives the mutants that the settings name, in the table's order.
func choose(all []mutant, s settings) ([]mutant, error) {
	if s.only != "" {
		return byName(all, strings.Split(s.only, ","))
	}
	if s.count <= 0 || s.count >= len(all) {
		return all, nil
	}
	first := int(s.seed % int64(len(all)) * int64(s.count) % int64(len(all)))
	chosen := make([]mutant, 0, s.count)
	for i := range s.count {
		chosen = append(chosen, all[(first+i)%len(all)])
	}
	return chosen, nil
}

func byName(all []mutant, ids []string) (chosen []mutant, err error) {
	for _, id := range ids {
		found := false
		for _, m := range all {
			if m.id == strings.TrimSpace(id) {
				chosen, found = append(chosen, m), true
			}
		}
		if !found {
			return nil, fmt.Errorf("no mutant is called %q", id)
		}
	}
	return chosen, nil
}
