package draft

import (
	"bytes"
	"encoding/json"
)

// objectReader finds the objects of an answer's lists while it streams: each is
// handed on as soon as its last brace has come, whatever stands around them. So
// fences, words before the answer, trailing commas and an answer that is cut off
// lose nothing that was complete.
type objectReader struct {
	// each is told the list's name, "" for a list without, and the object's bytes,
	// which are valid until it returns.
	each  func(list string, object []byte)
	stack []level
	// word is the string that was read last, which may prove to be a name.
	word, name      []byte
	text, escaped   bool
	object          []byte
	in              int // the depth at which the object began, 0 outside of one
	seen            int // objects that were handed on
	started, ending bool
}

// level is an open brace or bracket with the name that it stands under.
type level struct {
	open byte
	name string
}

// maxNesting bounds how deep an answer may nest; what is deeper is no item.
const maxNesting = 32

// feed reads the next piece.
func (r *objectReader) feed(piece string) {
	for i := range len(piece) {
		r.read(piece[i])
	}
}

func (r *objectReader) read(c byte) {
	if r.in > 0 {
		r.object = append(r.object, c)
	}
	if r.text {
		r.readText(c)
		return
	}
	switch c {
	case '"':
		if len(r.stack) > 0 { // a quote before the answer begins is a word's
			r.text, r.word = true, r.word[:0]
		}
	case ':':
		r.name = append(r.name[:0], r.word...)
	case '{', '[':
		r.open(c)
	case '}', ']':
		r.close(c)
	case ',':
		r.name = r.name[:0]
	}
}

func (r *objectReader) readText(c byte) {
	switch {
	case r.escaped:
		r.escaped = false
	case c == '\\':
		r.escaped = true
	case c == '"':
		r.text = false
		return
	}
	if r.in == 0 && len(r.word) < 64 {
		r.word = append(r.word, c)
	}
}

func (r *objectReader) open(c byte) {
	if len(r.stack) >= maxNesting {
		r.stack, r.in, r.object = r.stack[:0], 0, r.object[:0]
	}
	inList := len(r.stack) > 0 && r.stack[len(r.stack)-1].open == '['
	r.stack = append(r.stack, level{open: c, name: string(r.name)})
	r.started, r.name = true, r.name[:0]
	if c == '{' && inList && r.in == 0 {
		r.in = len(r.stack)
		r.object = append(r.object[:0], c)
	}
}

func (r *objectReader) close(c byte) {
	n := len(r.stack)
	if n == 0 {
		return
	}
	if n == r.in && c == '}' {
		r.seen++
		r.each(r.stack[n-2].name, r.object)
		r.in, r.object = 0, r.object[:0]
	}
	r.stack = r.stack[:n-1]
	r.ending = n == 1
}

// whole reports whether the answer came to its end.
func (r *objectReader) whole() bool { return r.started && r.ending && len(r.stack) == 0 }

// decode reads an object of an answer into v. A comma behind the last member,
// which models like to write, is no error.
func decode(object []byte, v any) error {
	if err := json.Unmarshal(object, v); err == nil {
		return nil
	}
	return json.Unmarshal(withoutTrailingCommas(object), v)
}

// withoutTrailingCommas returns a copy without commas that nothing follows.
func withoutTrailingCommas(object []byte) []byte {
	out := make([]byte, 0, len(object))
	text, escaped := false, false
	for i, c := range object {
		switch {
		case escaped:
			escaped = false
		case text && c == '\\':
			escaped = true
		case c == '"':
			text = !text
		case !text && c == ',':
			if rest := bytes.TrimLeft(object[i+1:], " \t\r\n"); len(rest) > 0 && (rest[0] == '}' || rest[0] == ']') {
				continue
			}
		}
		out = append(out, c)
	}
	return out
}
