package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// progressBar shows on a terminal how many threats were found, of how many where
// that is known. Elsewhere it shows nothing.
type progressBar struct {
	out  io.Writer // nil for nowhere
	done int
}

func newProgressBar(out io.Writer) *progressBar {
	if !isTerminal(out) {
		return &progressBar{}
	}
	return &progressBar{out: out}
}

const barWidth = 30

// step counts one more threat of so many, 0 for unknown.
func (b *progressBar) step(of int) error {
	b.done++
	if b.out == nil {
		return nil
	}
	filled := min(b.done, barWidth)
	if of > 0 {
		filled = barWidth * min(b.done, of) / of
	}
	_, err := fmt.Fprintf(b.out, "\r[%s%s] %d threats", strings.Repeat("#", filled), strings.Repeat(".", barWidth-filled), b.done)
	return err
}

// clear takes the bar off the screen.
func (b *progressBar) clear() error {
	if b.out == nil || b.done == 0 {
		return nil
	}
	_, err := fmt.Fprint(b.out, "\r\x1b[2K")
	return err
}

// isTerminal reports whether w is a character device other than the null
// device, which is as close as the standard library comes.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}
