// Package formats turns sources into an Architecture. It lists the formats,
// tells which one a source has, and merges what several sources say.
//
// A format is a folder: it parses one source, quotes it, and knows nothing of
// the others. To add one, add the folder and one line in List. This package
// fetches nothing: a reference inside of a source stays text.
package formats

import (
	"bytes"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/threatdraft/threatdraft/internal/formats/mermaid"
	"github.com/threatdraft/threatdraft/internal/formats/prose"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// MaxSource is the size limit of one source, in bytes.
const MaxSource = 2 << 20

// Format is one kind of source that is understood.
type Format struct {
	Name, Title            string
	MediaTypes, Extensions []string
	// Detect says how sure the format is of a source, 0 to 100. Name is a file
	// name or empty.
	Detect func(name string, content []byte) int
	// Parse reads one source. The strings are notes: what was not understood.
	Parse func(src stride.Source) (stride.Architecture, []string, error)
}

// List returns the formats, the fallback first.
func List() []Format {
	return []Format{
		{
			Name: "prose", Title: "Text or Markdown",
			MediaTypes: []string{"text/plain", "text/markdown"}, Extensions: []string{".md", ".markdown", ".txt", ".text", ".adoc", ".rst"},
			Detect: detectProse, Parse: parseProse,
		},
		{
			Name: "mermaid", Title: "Mermaid flowchart",
			MediaTypes: []string{"text/vnd.mermaid"}, Extensions: []string{".mmd", ".mermaid"},
			Detect: mermaid.Detect, Parse: mermaid.Parse,
		},
	}
}

// Names returns the names of all formats.
func Names() []string {
	var out []string
	for _, f := range List() {
		out = append(out, f.Name)
	}
	return out
}

// Named returns the format with the name.
func Named(name string) (Format, bool) {
	for _, f := range List() {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}

// Check returns nil where every format may read the content: it is not blank,
// valid UTF-8 without NUL, no binary, at most MaxSource bytes. Else it returns
// TooLarge or Invalid about the field "description".
func Check(content []byte) error {
	const field = "description"
	if len(content) > MaxSource {
		err := stride.Errorf(stride.TooLarge, "the description has %d bytes; at most %d are read", len(content), MaxSource)
		err.Fields = []stride.Field{{Field: field, Message: "is too large"}}
		return err
	}
	if len(bytes.TrimSpace(content)) == 0 {
		return stride.InvalidField(field, "is empty")
	}
	if i := bytes.IndexByte(content, 0); i >= 0 {
		return stride.InvalidField(field, "has a NUL byte at offset %d; it must be text", i)
	}
	if i := invalidByte(content); i >= 0 {
		return stride.InvalidField(field, "is not valid UTF-8 at byte offset %d", i)
	}
	if i := controlByte(content); i >= 0 {
		return stride.InvalidField(field, "looks binary: control byte 0x%02x at offset %d", content[i], i)
	}
	return nil
}

func invalidByte(content []byte) int {
	for i := 0; i < len(content); {
		r, size := utf8.DecodeRune(content[i:])
		if r == utf8.RuneError && size <= 1 {
			return i
		}
		i += size
	}
	return -1
}

// controlByte returns the offset of the first control character that text does
// not hold, or -1. Escape is allowed, because pasted terminal output has it.
func controlByte(content []byte) int {
	return bytes.IndexFunc(content, func(r rune) bool {
		return r < 0x20 && r != '\t' && r != '\n' && r != '\r' && r != '\f' && r != '\v' && r != 0x1b
	})
}

// Detect returns the format that is surest of the source, prose where none is.
func Detect(name string, content []byte) Format {
	best, score := List()[0], 0
	for _, f := range List() {
		if got := f.Detect(name, content); got > score {
			best, score = f, got
		}
	}
	return best
}

func detectProse(name string, _ []byte) int {
	ext := strings.ToLower(path.Ext(name))
	for _, known := range []string{".md", ".markdown", ".txt", ".text", ".adoc", ".rst"} {
		if ext == known {
			return 60
		}
	}
	return 10
}

// parseProse reads a text and the Mermaid diagrams in its fences. The diagrams'
// offsets are those of the whole text.
func parseProse(src stride.Source) (stride.Architecture, []string, error) {
	arch, notes, err := prose.Parse(src)
	if err != nil {
		return stride.Architecture{}, nil, err
	}
	merged := newMerger()
	merged.add(arch)
	for _, f := range fences(src.Content) {
		drawn, more, err := mermaid.ParseRange(src, f[0], f[1])
		if err != nil {
			notes = append(notes, err.Error())
			continue
		}
		notes = append(notes, more...)
		merged.add(drawn)
	}
	return merged.result(), notes, nil
}

// fences returns the byte ranges of the bodies of ```mermaid fences. One that
// is never closed runs to the end.
func fences(content []byte) [][2]int {
	var out [][2]int
	open := -1
	other := false
	for at := 0; at < len(content); {
		next := len(content)
		if i := bytes.IndexByte(content[at:], '\n'); i >= 0 {
			next = at + i + 1
		}
		line := strings.TrimSpace(string(content[at:next]))
		switch {
		case open >= 0 && strings.HasPrefix(line, "```"):
			out = append(out, [2]int{open, at})
			open = -1
		case open < 0 && !other && (line == "```mermaid" || strings.HasPrefix(line, "```mermaid ") || line == "```{mermaid}"):
			open = next
		case open < 0 && strings.HasPrefix(line, "```"):
			other = !other
		}
		at = next
	}
	if open >= 0 {
		out = append(out, [2]int{open, len(content)})
	}
	return out
}

// Parse checks and reads all sources and merges them into one connected
// Architecture. The formats of sources that state none are detected. It returns
// Invalid or TooLarge for a source that cannot be read, Invalid for a format
// that nobody knows, and NoComponents where no source names a part.
func Parse(sources []stride.Source) (stride.Architecture, []string, error) {
	merged := newMerger()
	var notes []string
	for _, src := range sources {
		if err := Check(src.Content); err != nil {
			return stride.Architecture{}, nil, err
		}
		format, known := Named(src.Format)
		if src.Format == "" {
			format, known = Detect(src.Name, src.Content), true
		}
		if !known {
			return stride.Architecture{}, nil, stride.InvalidField("format", "is none of %s", strings.Join(Names(), ", "))
		}
		arch, more, err := format.Parse(src)
		if err != nil {
			return stride.Architecture{}, nil, err
		}
		notes = append(notes, more...)
		merged.add(arch)
	}
	out := merged.result()
	if len(out.Elements) == 0 {
		why := ""
		if len(notes) > 0 {
			why = " (" + notes[0] + ")"
		}
		return stride.Architecture{}, notes, stride.Errorf(stride.NoComponents,
			`found no components; name the parts of the system, for example "The web app stores orders in PostgreSQL"%s`, why)
	}
	return out, notes, nil
}
