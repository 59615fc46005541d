package slip

import (
	"errors"
	"fmt"
	"strings"
	"text/template/parse"
)

// What a template may use up. A detailed close of day with ten thousand operations stays far below.
const (
	maxTemplate = 64 << 10 // bytes of a template file
	maxOutput   = 16 << 20 // bytes of text made, printed or not
	maxSteps    = 1 << 18  // turns of loops and calls of templates
	maxDepth    = 32       // templates within templates
)

// budget counts what a running template uses up.
type budget struct {
	made  int
	steps int
	depth int
}

func (b *budget) step() (string, error) {
	if b.steps++; b.steps > maxSteps {
		return "", limitError(fmt.Sprintf("takes more than %d turns", maxSteps))
	}
	return "", nil
}

func (b *budget) enter() (string, error) {
	if b.depth++; b.depth > maxDepth {
		return "", limitError(fmt.Sprintf("puts more than %d templates within each other", maxDepth))
	}
	return b.step()
}

func (b *budget) leave() string {
	b.depth--
	return ""
}

// charge counts text and hands it through.
func (b *budget) charge(text string) (string, error) {
	if b.made += len(text); b.made > maxOutput {
		return "", errTooMuch
	}
	return text, nil
}

// limitError says which limit a template ran into.
type limitError string

func (e limitError) Error() string { return string(e) }

const errTooMuch limitError = "makes more than 16 MiB of text"

// output collects what a template prints, within its budget.
type output struct {
	text   strings.Builder
	budget *budget
}

func (o *output) Write(text []byte) (int, error) {
	if o.budget.made += len(text); o.budget.made > maxOutput {
		return 0, errTooMuch
	}
	return o.text.Write(text)
}

// The calls that guarding puts into a template.
const (
	guardStep  = "guard_step"
	guardEnter = "guard_enter"
	guardLeave = "guard_leave"
)

// guarding rewrites the parsed trees of one template file: text is folded to the page, and each loop and each template counts
// its turns, since text/template itself would run for ever.
type guarding struct {
	page   page
	source string
}

func (w guarding) tree(tree *parse.Tree) error {
	if tree == nil || tree.Root == nil {
		return nil
	}
	if err := w.list(tree, tree.Root); err != nil {
		return err
	}
	enter, err := w.call(tree, tree.Root.Pos, guardEnter)
	if err != nil {
		return err
	}
	leave, err := w.call(tree, tree.Root.Pos, guardLeave)
	if err != nil {
		return err
	}
	tree.Root.Nodes = append(append([]parse.Node{enter}, tree.Root.Nodes...), leave)
	return nil
}

// call makes the node of {{name}}, standing on the line of pos so that an error names it.
func (w guarding) call(tree *parse.Tree, pos parse.Pos, name string) (parse.Node, error) {
	line := strings.Count(w.source[:min(int(pos), len(w.source))], "\n")
	text := strings.Repeat("\n", line) + "{{" + name + "}}"
	known := map[string]any{name: func() string { return "" }}
	made, err := parse.New(tree.ParseName).Parse(text, "", "", map[string]*parse.Tree{}, known)
	if err != nil {
		return nil, err
	}
	return made.Root.Nodes[len(made.Root.Nodes)-1], nil
}

func (w guarding) list(tree *parse.Tree, list *parse.ListNode) error {
	if list == nil {
		return nil
	}
	var failed []error
	for _, node := range list.Nodes {
		switch node := node.(type) {
		case *parse.TextNode:
			node.Text = []byte(w.foldLines(string(node.Text)))
		case *parse.ActionNode:
			w.pipe(node.Pipe)
		case *parse.TemplateNode:
			w.pipe(node.Pipe)
		case *parse.IfNode:
			failed = append(failed, w.branch(tree, &node.BranchNode))
		case *parse.WithNode:
			failed = append(failed, w.branch(tree, &node.BranchNode))
		case *parse.RangeNode:
			failed = append(failed, w.branch(tree, &node.BranchNode))
			step, err := w.call(tree, node.Pos, guardStep)
			failed = append(failed, err)
			node.List.Nodes = append([]parse.Node{step}, node.List.Nodes...)
		}
	}
	return errors.Join(failed...)
}

func (w guarding) branch(tree *parse.Tree, node *parse.BranchNode) error {
	w.pipe(node.Pipe)
	return errors.Join(w.list(tree, node.List), w.list(tree, node.ElseList))
}

func (w guarding) pipe(pipe *parse.PipeNode) {
	if pipe == nil {
		return
	}
	for _, command := range pipe.Cmds {
		for _, argument := range command.Args {
			w.argument(argument)
		}
	}
}

func (w guarding) argument(node parse.Node) {
	switch node := node.(type) {
	case *parse.StringNode:
		node.Text = w.page.fold(node.Text)
	case *parse.PipeNode:
		w.pipe(node)
	case *parse.ChainNode:
		w.argument(node.Node)
	}
}

func (w guarding) foldLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = w.page.fold(line)
	}
	return strings.Join(lines, "\n")
}
