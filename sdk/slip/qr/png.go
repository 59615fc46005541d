package qr

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
)

// maxPicture bounds the side of a picture in pixels: the largest code at a scale of 20 fits.
const maxPicture = 4096

// PNG draws the code in black and white, scale pixels to a module (at least 1), quiet zone included.
func (c Code) PNG(scale int) ([]byte, error) {
	side := (c.Size + 2*Quiet) * scale
	if scale < 1 || scale > maxPicture || side > maxPicture {
		return nil, fmt.Errorf("draw a QR code: %d pixels to a module of %d: a side may have %d pixels", scale, c.Size, maxPicture)
	}
	picture := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	for y := range side {
		for x := range side {
			if c.Dark(x/scale-Quiet, y/scale-Quiet) {
				picture.SetColorIndex(x, y, 1)
			}
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, picture); err != nil {
		return nil, fmt.Errorf("draw a QR code: %w", err)
	}
	return file.Bytes(), nil
}
