package sim

import (
	"math/bits"
	"math/rand/v2"
)

// chance is the one source of everything that is not decided. It is a function of the seed alone.
type chance struct{ pcg rand.PCG }

func (c *chance) seed(n uint64) { c.pcg.Seed(n, n*0x9e3779b97f4a7c15+0x1234567) }

// below gives a number from 0 to n-1.
func (c *chance) below(n int64) int64 {
	if n <= 1 {
		return 0
	}
	high, _ := bits.Mul64(c.pcg.Uint64(), uint64(n))
	return int64(high)
}

// between gives a number from a to b, both included.
func (c *chance) between(a, b int64) int64 { return a + c.below(b-a+1) }

// permille is true n times in a thousand.
func (c *chance) permille(n int64) bool { return n > 0 && c.below(1000) < n }

// one picks from a list.
func one[T any](c *chance, list ...T) T { return list[c.below(int64(len(list)))] }
