package mermaid

import (
	"regexp"
	"strings"
)

// shape is the outline of a node.
type shape int

const (
	plain shape = iota
	rectangle
	rounded
	stadium
	cylinder
	circle
	subroutine
	hexagon
	rhombus
	other
)

// shapes lists the brackets of every node shape, longest opening first.
var shapes = []struct {
	open, end string
	shape     shape
}{
	{"(((", ")))", circle}, {"([", "])", stadium}, {"[[", "]]", subroutine}, {"[(", ")]", cylinder}, {"((", "))", circle},
	{"{{", "}}", hexagon}, {"[/", "/]", other}, {"[/", "\\]", other}, {"[\\", "\\]", other}, {"[\\", "/]", other},
	{"[", "]", rectangle}, {"(", ")", rounded}, {"{", "}", rhombus}, {">", "]", other},
}

// newShapes names the shapes of the "@{ shape: ... }" notation that matter here.
var newShapes = map[string]shape{
	"cyl": cylinder, "cylinder": cylinder, "database": cylinder, "db": cylinder, "das": cylinder, "h-cyl": cylinder, "lin-cyl": cylinder, "disk": cylinder,
	"rect": rectangle, "proc": rectangle, "process": rectangle, "rounded": rounded, "event": rounded, "stadium": stadium, "pill": stadium, "terminal": stadium,
	"circle": circle, "circ": circle, "dbl-circ": circle, "hex": hexagon, "diam": rhombus, "diamond": rhombus, "bow-rect": cylinder, "stored-data": cylinder,
}

var (
	nodeID    = regexp.MustCompile(`^[\p{L}\p{N}_.]+(?:-[\p{L}\p{N}_.]+)*`)
	attrs     = regexp.MustCompile(`^@\{([^{}]*)\}`)
	attrShape = regexp.MustCompile(`shape:\s*"?([\w-]+)`)
	attrLabel = regexp.MustCompile(`label:\s*"([^"]*)"`)
	className = regexp.MustCompile(`^:::[\w-]+(?:,[\w-]+)*`)
	edgeID    = regexp.MustCompile(`^[\w-]+@(?:[<ox]?(?:--|==|-\.))`)
	// arrow: optional left head, a line of dashes, equals or dots, a right head,
	// and an optional label between bars.
	arrow = regexp.MustCompile(`^\s*(<|[ox])?(?:~~~+|(?:--+|==+|-\.+-?)(?:>|[ox](?:\s|$|\|))?)`)
	// inlineLabel: "-- text -->", "== text ==>", "-. text .->".
	inlineLabel = regexp.MustCompile(`^\s*(<|[ox])?(?:--|==|-\.)(?:\s*("[^"]*")|\s+([^-=.>|\s"][^|"]*?))\s*(?:--+|==+|\.+-)(>|[ox](?:\s|$))?`)
	barLabel    = regexp.MustCompile(`^\s*\|\s*"?([^|"]*)"?\s*\|`)
	lineBreak   = regexp.MustCompile(`(?i)<br\s*/?>|\\n`)
	htmlTag     = regexp.MustCompile(`<[^<>]{1,80}>`)
	iconName    = regexp.MustCompile(`\bfa[bsrl]?:fa-[\w-]+\s*`)
	entities    = strings.NewReplacer("#quot;", `"`, "#amp;", "&", "&amp;", "&", "#35;", "#")
)

// maxArrow is how far an arrow with its label may reach, in bytes.
const maxArrow = 400

// splitStatements cuts a line at semicolons outside of quotes and brackets.
func splitStatements(text string, from, to int) [][2]int {
	var out [][2]int
	depth, quoted, start := 0, false, from
	for i := from; i < to; i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '(' || c == '{':
			depth++
		case c == ']' || c == ')' || c == '}':
			depth--
		case c == ';' && depth <= 0:
			out = append(out, [2]int{start, i})
			start = i + 1
		}
	}
	return append(out, [2]int{start, to})
}

// clean turns a label into a name: no quotes, Markdown, markup, icons or entities.
func clean(label string) string {
	label = strings.Trim(strings.TrimSpace(label), "\"`")
	label = lineBreak.ReplaceAllString(label, " ")
	label = htmlTag.ReplaceAllString(label, "")
	label = iconName.ReplaceAllString(label, "")
	label = entities.Replace(label)
	return strings.Join(strings.Fields(strings.Trim(label, "*_ ")), " ")
}

// lexNode reads "id", "id[label]", "id@{...}" with classes; n is what it takes.
func lexNode(s string) (id, label string, sh shape, n int) {
	id = nodeID.FindString(s)
	if id == "" {
		return "", "", plain, 0
	}
	n = len(id)
	if m := attrs.FindStringSubmatch(s[n:]); m != nil {
		n += len(m[0])
		if a := attrShape.FindStringSubmatch(m[1]); a != nil {
			sh = newShapes[a[1]]
		}
		if a := attrLabel.FindStringSubmatch(m[1]); a != nil {
			label = a[1]
		}
	} else if l, found, took := lexShape(s[n:]); took > 0 {
		label, sh = l, found
		n += took
	}
	n += len(className.FindString(s[n:]))
	return id, clean(label), sh, n
}

func lexShape(s string) (string, shape, int) {
	for _, k := range shapes {
		if !strings.HasPrefix(s, k.open) {
			continue
		}
		rest := s[len(k.open):]
		body := strings.TrimLeft(rest, " ")
		if strings.HasPrefix(body, `"`) {
			if end := strings.IndexByte(body[1:], '"'); end >= 0 {
				after := strings.TrimLeft(body[end+2:], " ")
				if strings.HasPrefix(after, k.end) {
					return body[1 : end+1], k.shape, len(s) - len(after) + len(k.end)
				}
			}
			continue
		}
		if end := strings.Index(rest, k.end); end >= 0 {
			return rest[:end], k.shape, len(k.open) + end + len(k.end)
		}
	}
	return "", plain, 0
}

// lexArrow reads an arrow with its label; both says that it has two heads, back
// that its only head points left.
func lexArrow(s string) (label string, both bool, n int) {
	s = s[:min(len(s), maxArrow)]
	if m := inlineLabel.FindStringSubmatch(s); m != nil {
		return clean(m[2] + m[3]), m[1] == "<" && strings.TrimSpace(m[4]) != "", len(strings.TrimRight(m[0], " "))
	}
	m := arrow.FindStringSubmatch(s)
	if m == nil {
		return "", false, 0
	}
	n = len(strings.TrimRight(strings.TrimSuffix(m[0], "|"), " "))
	both = m[1] == "<" && strings.HasSuffix(m[0], ">")
	if l := barLabel.FindStringSubmatch(s[n:]); l != nil {
		return clean(l[1]), both, n + len(l[0])
	}
	return "", both, n
}
