// Package mermaid reads Mermaid flowcharts: nodes become elements, edges flows,
// subgraphs trust boundaries.
//
// It reads structure only. Styles, classes, click handlers and links are
// skipped, nothing is fetched, and a line that is not understood becomes a note.
// Other diagram types (sequence, class ...) are refused with an Invalid error.
// The seams are the table of node shapes in lex.go and package gazetteer, which
// says what a node's label speaks of.
package mermaid

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// Bounds of one diagram.
const (
	maxNodes = 3000
	maxEdges = 10000
	maxDepth = 50
	maxNotes = 20
	// maxDrawn bounds how often edges are drawn, again and again included.
	maxDrawn = 20 * maxEdges
	// maxEvidence is how many lines are quoted for one edge.
	maxEvidence = 3
)

var header = regexp.MustCompile(`^(?:flowchart|graph)(?:-elk)?(?:\s+(?:TB|TD|BT|RL|LR))?\s*;?\s*$`)

// Detect says how sure this package is of a source, 0 to 100.
func Detect(name string, content []byte) int {
	text := string(content[:min(len(content), 4096)])
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "%%") || strings.HasPrefix(line, "---") || strings.Contains(line, ":") && !strings.HasPrefix(line, "graph") {
			continue
		}
		if header.MatchString(line) {
			return 95
		}
		break
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".mmd", ".mermaid":
		return 90
	}
	return 0
}

// Parse reads a source that is one flowchart. It returns Invalid, naming the
// line, where the source is none.
func Parse(src stride.Source) (stride.Architecture, []string, error) {
	return ParseRange(src, 0, len(src.Content))
}

// ParseRange reads the flowchart in the bytes [from,to) of the source, such as a
// fence in a document. Offsets and line numbers are those of the whole source.
func ParseRange(src stride.Source, from, to int) (stride.Architecture, []string, error) {
	p := &parser{src: src, raw: string(src.Content), text: string(src.Content[:to]), gaz: gazetteer.New(), nodes: map[string]*node{},
		arcs: map[arc]int{}, zones: map[string]int{}, keys: map[stride.Key]int{}}
	line := 1 + strings.Count(p.text[:from], "\n")
	started := false
	for at := from; at < to; line++ {
		end := to
		if i := strings.IndexByte(p.text[at:], '\n'); i >= 0 {
			end = at + i
		}
		body := strings.TrimSpace(p.text[at:end])
		switch {
		case body == "" || strings.HasPrefix(body, "%%") || body == "---":
		case !started && header.MatchString(body):
			started = true
		case !started && strings.Contains(body, ":") && !strings.ContainsAny(body, "[({>"):
			// front matter
		case !started && headerWithBody(body) > 0:
			started = true
			skip := strings.Index(p.text[at:end], body) + headerWithBody(body)
			p.statements(at+skip, end, line)
		case !started:
			return stride.Architecture{}, nil, stride.InvalidField("description", "line %d is no Mermaid flowchart; it must begin with \"flowchart\" or \"graph\"", line)
		default:
			p.statements(at, end, line)
		}
		if p.full {
			break
		}
		at = end + 1
	}
	if !started {
		return stride.Architecture{}, nil, stride.InvalidField("description", "line %d: the Mermaid diagram is empty", line)
	}
	return p.architecture(), p.notes, nil
}

var bodyHeader = regexp.MustCompile(`^(?:flowchart|graph)\s+(?:TB|TD|BT|RL|LR)\s*;\s*`)

// headerWithBody returns the length of a header that shares its line with
// statements, or 0.
func headerWithBody(body string) int { return len(bodyHeader.FindString(body)) }

type node struct {
	id, label  string
	shape      shape
	zone       int // index into boundaries plus one; 0 is none
	start, end int // of the line that drew it first
	at         int // of the node in that line
}

type edge struct {
	from, to *node
	label    string
	both     bool
	lines    [][2]int // the statements that draw it, by offset
}

// arc identifies an edge: drawn again, it is the same flow.
type arc struct {
	from, to *node
	label    string
}

type boundary struct {
	id, name   string
	parent     int
	start, end int
}

type parser struct {
	src        stride.Source
	text       string
	raw        string
	gaz        *gazetteer.Gazetteer
	nodes      map[string]*node
	order      []*node
	edges      []edge
	arcs       map[arc]int // index into edges
	drawn      int
	full       bool // a bound is reached and noted
	boundaries []boundary
	zones      map[string]int
	line       int   // byte offset of the line that is being read
	open       []int // subgraphs that are open, as in node.zone
	notes      []string
	keys       map[stride.Key]int
}

func (p *parser) note(line int, format string, args ...any) {
	if len(p.notes) < maxNotes {
		p.notes = append(p.notes, fmt.Sprintf("line %d: ", line)+fmt.Sprintf(format, args...))
	}
}

func (p *parser) zone() int {
	if len(p.open) == 0 {
		return 0
	}
	return p.open[len(p.open)-1]
}

var subgraphLine = regexp.MustCompile(`^subgraph\s+(?:([^\s\["]+)\s*\[\s*"?([^"\]]*)"?\s*\]|"([^"]*)"|(.+?))\s*$`)

// statements reads one line; semicolons outside of quotes and brackets part it.
func (p *parser) statements(from, to, line int) {
	p.line = from
	for _, part := range splitStatements(p.text, from, to) {
		p.statement(part[0], part[1], line)
	}
}

func (p *parser) statement(from, to, line int) {
	raw := p.text[from:to]
	body := strings.TrimSpace(raw)
	from += strings.Index(raw, body)
	to = from + len(body)
	word := body
	if i := strings.IndexAny(body, " \t"); i > 0 {
		word = body[:i]
	}
	switch word {
	case "", "classDef", "class", "style", "linkStyle", "click", "direction", "accTitle:", "accDescr:", "title":
		return
	case "end":
		if len(p.open) > 0 {
			p.open = p.open[:len(p.open)-1]
		} else {
			p.note(line, "\"end\" without a subgraph")
		}
	case "subgraph":
		p.subgraph(body, from, to, line)
	default:
		p.chain(from, to, line)
	}
}

func (p *parser) subgraph(body string, from, to, line int) {
	m := subgraphLine.FindStringSubmatch(body)
	if m == nil || len(p.open) >= maxDepth {
		p.note(line, "subgraph not understood")
		p.open = append(p.open, p.zone())
		return
	}
	id, name := m[1], clean(m[2])
	if id == "" {
		id = strings.TrimSpace(m[3] + m[4])
		name = clean(id)
	}
	if name == "" {
		name = id
	}
	if known := p.zones[id]; known > 0 {
		p.open = append(p.open, known)
		return
	}
	p.boundaries = append(p.boundaries, boundary{id: id, name: name, parent: p.zone(), start: from, end: to})
	p.zones[id] = len(p.boundaries)
	p.open = append(p.open, len(p.boundaries))
}
