package main

import (
	"image"
	"image/color"
	"math"
)

// drawings is the icon in the sizes that Windows asks for: a rack of three slots on a rounded ground, a coin going into the middle one.
func drawings() (all []image.Image) {
	for _, size := range []int{16, 24, 32, 48, 64, 256} {
		all = append(all, drawing(size))
	}
	return all
}

var (
	nothing = color.NRGBA{}
	ground  = color.NRGBA{0x12, 0x5b, 0x50, 0xff}
	slot    = color.NRGBA{0xf3, 0xf6, 0xf4, 0xff}
	coin    = color.NRGBA{0xff, 0xb4, 0x2e, 0xff}
)

// drawing draws the icon in so many pixels, each the mean of the points that lie in it.
func drawing(size int) image.Image {
	const fine = 8
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			var r, g, b, a int
			for i := range fine * fine {
				at := func(pixel, part int) float64 { return (float64(pixel) + (float64(part)+0.5)/fine) / float64(size) }
				c := point(at(x, i%fine), at(y, i/fine))
				r, g, b, a = r+int(c.R)*int(c.A), g+int(c.G)*int(c.A), b+int(c.B)*int(c.A), a+int(c.A)
			}
			if a > 0 {
				img.SetNRGBA(x, y, color.NRGBA{uint8(r / a), uint8(g / a), uint8(b / a), uint8(a / (fine * fine))})
			}
		}
	}
	return img
}

// point is the colour at a place of the unit square.
func point(x, y float64) color.NRGBA {
	switch {
	case !inBar(x, y, 0.5, 0.5, 0.47, 0.47, 0.18):
		return nothing
	case math.Hypot(x-0.70, y-0.5) < 0.16:
		return coin
	case math.Hypot(x-0.70, y-0.5) < 0.21:
		return ground
	case inBar(x, y, 0.5, 0.25, 0.34, 0.065, 0.06), inBar(x, y, 0.5, 0.5, 0.34, 0.065, 0.06), inBar(x, y, 0.5, 0.75, 0.34, 0.065, 0.06):
		return slot
	}
	return ground
}

// inBar says whether a point lies in a bar about (cx, cy) with these half sides and round corners.
func inBar(x, y, cx, cy, halfWidth, halfHeight, corner float64) bool {
	dx, dy := math.Max(math.Abs(x-cx)-halfWidth+corner, 0), math.Max(math.Abs(y-cy)-halfHeight+corner, 0)
	return math.Hypot(dx, dy) <= corner && math.Abs(x-cx) <= halfWidth && math.Abs(y-cy) <= halfHeight
}
