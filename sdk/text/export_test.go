package text

import "strings"

// CountOf counts the Russian ids that begin with prefix.
func (c *Catalogue) CountOf(prefix string) (n int) {
	for id := range c.messages[Russian] {
		if strings.HasPrefix(id, prefix) {
			n++
		}
	}
	return n
}
