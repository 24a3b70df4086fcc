package prose

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

type blockKind int

const (
	paragraph blockKind = iota
	heading
	bullet
	row
)

// plainTitle is the level of a heading that is a line of plain text.
const plainTitle = 7

// block is a run of text with one role in the document. Start and end are byte
// offsets of its text, without marker and surrounding space.
type block struct {
	kind       blockKind
	start, end int
	indent     int
	index      int // among the blocks of the document
	level      int // of a heading: 1-6, plain 7, label 8
	section    *section
	// labelKey is the canonical name in the label that the block begins with, or "";
	// labelEnd is where its text begins, from start; labelRead says that both are known.
	labelKey  string
	labelEnd  int
	labelRead bool
	lined     bool // a line "Name: text" among others, without a marker
	// declared is set once a pass has read the block as a declaration.
	declared bool
}

// section is a heading with what stands under it.
type section struct {
	title  string
	role   role
	level  int
	parent *section
	// inherited is set where the role is that of the heading above.
	inherited bool
}

// aside reports whether the section or one above it has a role.
func (s *section) aside() bool {
	for ; s != nil; s = s.parent {
		if s.role != roleNone {
			return true
		}
	}
	return false
}

// asideParts is like aside, but for sections below one that lists parts: the titles
// there may be those of parts, and so may the items.
func (s *section) asideParts() bool {
	for ; s != nil; s = s.parent {
		if s.role != roleNone && !s.role.declares() {
			return true
		}
	}
	return false
}

var (
	listMarker = regexp.MustCompile(`^(?:[-*+•–] |\d{1,3}[.)] |\(?[a-z]\) |\[[ xX]\] )\s*`)
	logLine    = regexp.MustCompile(`^\W{0,2}(?:\d{4}-\d\d-\d\d[T ]\d\d:|\d\d:\d\d:\d\d|[A-Z][a-z]{2} [ \d]?\d \d\d:\d\d|\d{1,3}(?:\.\d{1,3}){3} |` +
		`(?:DEBUG|INFO|WARN|ERROR|TRACE|FATAL)\b)`)
	// daemonLine matches what programs write without a time: "sshd[3312]: ...".
	daemonLine  = regexp.MustCompile(`^[\w./-]{2,40}(?:\[\d+\]: |: \[(?:debug|info|notice|warn|error|crit|alert|emerg)\])`)
	jsonStart   = regexp.MustCompile(`^[\[{]\s*(?:[\[{]\s*)*"[^"\n]{0,200}"\s*:`)
	tableRule   = regexp.MustCompile(`^[\s|:+-]+$`)
	htmlComment = regexp.MustCompile(`(?s)<!--.*?-->`)
	// linkTarget matches badges and the addresses behind links.
	linkTarget = regexp.MustCompile(`!\[[^\]\n]*\]\([^)\n]*\)|\]\((?:https?:|#|\.{0,2}/)[^)\n]*\)`)
)

// unreadable reports whether the text is data rather than a description: a JSON
// document, or mostly log lines.
func unreadable(content []byte) bool {
	trimmed := bytes.TrimSpace(content)
	if len(trimmed) == 0 {
		return true
	}
	if (trimmed[0] == '{' || trimmed[0] == '[') && (json.Valid(trimmed) || jsonStart.Match(trimmed)) || bytes.HasPrefix(trimmed, []byte("<?xml")) {
		return true
	}
	if program(content) {
		return true
	}
	lines, logs, code, fenced := 0, 0, 0, false
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if strings.HasPrefix(line, "```") || strings.HasPrefix(line, "~~~") {
			fenced = !fenced
		}
		lines++
		line = line[:min(len(line), 300)]
		if logLine.MatchString(line) || strings.IndexByte(line, '[') > 0 && daemonLine.MatchString(line) || levelled(line) {
			logs++
		}
		if !fenced && isCode(line) {
			code++
		}
	}
	const few = 6
	return logs*2 > lines && lines > 1 || code*2 > lines && lines > few
}

// levelled reports whether a line says early how grave it is, as those of a log do.
func levelled(line string) bool {
	for _, level := range []string{" DEBUG ", " INFO ", " WARN ", " ERROR ", " FATAL "} {
		if i := strings.Index(line, level); i >= 0 && i < 80 {
			return true
		}
	}
	return false
}

// isCode reports whether a line is one of a program.
func isCode(line string) bool {
	switch line[len(line)-1] {
	case '{', ';':
		return true
	case '}', ')', ',':
		if strings.Trim(line, "})],;") == "" || line[0] == '"' {
			return true
		}
	case '"':
		return line[0] == '"'
	}
	if strings.HasPrefix(line, "//") || strings.Contains(line, " := ") {
		return true
	}
	first, rest, more := strings.Cut(line, " ")
	switch first {
	case "package", "import", "func", "def", "class", "return", "#include", "using", "const", "var":
		return more && !strings.Contains(rest, ". ") && line[len(line)-1] != '.'
	}
	return false
}

// inVerse reports whether the text is short lines of which most end in a sign, as
// those of a poem do: it may name products and describes no system.
func inVerse(text string) bool {
	const few, short = 4, 64
	lines, ended := 0, 0
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if lines++; len(line) > short || listMarker.MatchString(line) || strings.HasPrefix(line, "|") {
			return false
		}
		if strings.ContainsAny(line[len(line)-1:], ",.;!?") {
			ended++
		}
	}
	return lines >= few && ended*2 > lines
}

// scanner cuts a document into blocks, line by line, in one pass.
type scanner struct {
	text    string
	blocks  []block
	current *section
	fenced  bool
	blank   bool // the line before was blank
	open    bool // the last block may be continued by the next line
	drawing bool // the fence is of no language: it may hold a list of flows
}

func scan(content []byte) []block {
	s := &scanner{text: blankComments(content), current: &section{}, blank: true}
	for start := 0; start < len(s.text); {
		end := strings.IndexByte(s.text[start:], '\n')
		next := start + end + 1
		if end < 0 {
			end, next = len(s.text)-start, len(s.text)
		}
		s.line(start, start+end, next)
		start = next
	}
	for i := range s.blocks {
		s.blocks[i].index = i
	}
	return s.blocks
}

// blankComments replaces HTML comments and the addresses of links by spaces, so
// that offsets hold.
func blankComments(content []byte) string {
	if !bytes.Contains(content, []byte("](")) {
		return blankHTML(content)
	}
	return linkTarget.ReplaceAllStringFunc(blankHTML(content), asciiSpaces)
}

func blankHTML(content []byte) string {
	return htmlComment.ReplaceAllStringFunc(string(content), func(c string) string {
		return strings.Map(func(r rune) rune {
			if r == '\n' {
				return r
			}
			return ' '
		}, asciiSpaces(c))
	})
}

// asciiSpaces keeps the byte length of c with every byte but newlines blanked.
func asciiSpaces(c string) string {
	b := []byte(c)
	for i := range b {
		if b[i] != '\n' {
			b[i] = ' '
		}
	}
	return string(b)
}

func (s *scanner) line(start, end, next int) {
	line := s.text[start:end]
	trimmed := strings.TrimSpace(line)
	if strings.HasPrefix(trimmed, "```") || strings.HasPrefix(trimmed, "~~~") {
		s.fenced, s.open = !s.fenced, false
		s.drawing = s.fenced && plainFence(strings.Trim(trimmed, "`~ "))
		return
	}
	if s.fenced {
		if s.drawing && hasArrow(trimmed) && !strings.ContainsAny(trimmed, ";{}=\"") {
			indent := len(line) - len(strings.TrimLeft(line, " \t"))
			s.add(block{kind: bullet, start: start + indent, end: start + indent + len(trimmed), indent: indent})
		}
		return
	}
	if trimmed == "" {
		s.blank, s.open = true, false
		return
	}
	indent := len(line) - len(strings.TrimLeft(line, " \t"))
	from, to := start+indent, start+len(strings.TrimRight(line, " \t\r"))
	s.place(from, to, indent, next)
	s.blank = false
}

// plainFence reports whether the label of a fence names no language.
func plainFence(label string) bool {
	switch strings.ToLower(label) {
	case "", "text", "txt", "plain", "plaintext", "ascii", "flow", "flows", "dfd":
		return true
	}
	return false
}

// hasArrow reports whether a line is written with arrows between words.
func hasArrow(line string) bool {
	for _, a := range []string{" -> ", " --> ", " => ", " <-> ", "→", "⟶", "➔", "↔"} {
		if i := strings.Index(line, a); i > 0 && i < 120 {
			return true
		}
	}
	return false
}

func (s *scanner) place(from, to, indent, next int) {
	text := s.text[from:to]
	switch {
	case strings.HasPrefix(text, "#"):
		level := len(text) - len(strings.TrimLeft(text, "#"))
		body := strings.TrimLeft(text[level:], " \t")
		s.heading(to-len(body), from+len(strings.TrimRight(text, "# ")), min(level, 6))
	case strings.HasPrefix(text, "|"):
		if !tableRule.MatchString(text) {
			s.add(block{kind: row, start: from, end: to, indent: indent})
		}
		s.open = false
	case tableRule.MatchString(text) && !listMarker.MatchString(text):
		s.open = false // a rule, or the underline of a heading
	case strings.HasPrefix(text, ">"):
		s.flowText(from+1, to, indent)
	case s.blank && s.numberedTitle(from, to, next):
		number := len(chapter.FindString(text))
		s.heading(from+number, to, min(2+strings.Count(strings.TrimRight(text[:number], ". )"), "."), 6))
	case listMarker.MatchString(text):
		marker := len(listMarker.FindString(text))
		if rest := s.text[from+marker : to]; rest != "" {
			s.add(block{kind: bullet, start: from + marker, end: to, indent: indent})
			s.open = true
		}
	case hasArrow(text) && len(text) < 300 && !strings.Contains(text, ". "):
		s.add(block{kind: bullet, start: from, end: to, indent: indent})
		s.open = false
	case s.isTitle(text, next):
		s.heading(from, to, plainTitle)
	case metadata(text):
		s.add(block{kind: paragraph, start: from, end: to, indent: indent})
		s.open = true
	case isLabel(text) && !s.open, s.blank && s.titleOfList(text, next):
		s.heading(from, to, 8)
	default:
		s.flowText(from, to, indent)
	}
}

// chapter matches the number of a section: "3. ", "4.2 ".
var chapter = regexp.MustCompile(`^\d{1,2}(?:\.\d{1,2}){0,3}[.)]? +`)

// numberedTitle recognises the plain title "3. Services" between blank lines: short,
// capitalised, and no item of a list whose next item follows.
func (s *scanner) numberedTitle(from, to, next int) bool {
	text := s.text[from:to]
	if text[0] < '0' || text[0] > '9' || len(text) > 60 || next >= len(s.text) {
		return false
	}
	title := strings.TrimSpace(text[len(chapter.FindString(text)):])
	first, _ := utf8.DecodeRuneInString(title)
	if len(title) == len(text) || !unicode.IsUpper(first) || len(strings.Fields(title)) > 6 || strings.ContainsAny(title, ".;:\"") {
		return false
	}
	line, rest, _ := strings.Cut(s.text[next:min(len(s.text), next+400)], "\n")
	if strings.TrimSpace(line) != "" {
		return false
	}
	rest = strings.TrimLeft(rest, " \t\r\n")
	return rest != "" && (rest[0] < '0' || rest[0] > '9' || strings.HasPrefix(rest, strings.TrimRight(text[:len(text)-len(title)], " .)")+"."))
}

// titleOfList recognises "Parts." above a list: a title with a role that ends in a
// full stop.
func (s *scanner) titleOfList(text string, next int) bool {
	const short = 40
	if len(text) > short || !strings.HasSuffix(text, ".") || next >= len(s.text) || roleOf(text) == roleNone {
		return false
	}
	return listMarker.MatchString(strings.TrimLeft(s.text[next:min(len(s.text), next+80)], " \t\r\n"))
}

// beginsItem reports whether a line of a paragraph that began with "Name: text" is
// one more such item.
func (s *scanner) beginsItem(last *block, from, to int) bool {
	const label = 60
	line, above := s.text[from:to], strings.TrimRight(s.text[last.start:last.end], " \t\r\n")
	if i := strings.IndexByte(line, ':'); i < 0 || i > label || above == "" || !strings.ContainsAny(above[len(above)-1:], ".!?;)") {
		return false
	}
	return startsUpper(strings.TrimLeft(line, "*")) && labelColon.MatchString(line) && labelColon.MatchString(above[:min(len(above), label*2)]) &&
		!metadata(line) && !metadata(above)
}

// flowText continues the open block or begins a paragraph.
func (s *scanner) flowText(from, to, indent int) {
	if s.open && len(s.blocks) > 0 {
		last := &s.blocks[len(s.blocks)-1]
		if (last.kind == paragraph || last.lined) && indent <= last.indent && s.beginsItem(last, from, to) {
			last.kind, last.lined = bullet, true
			s.add(block{kind: bullet, start: from, end: to, indent: indent, lined: true})
			return
		}
		if last.lined {
			last.end = to
			return
		}
		if last.kind == paragraph || (last.kind == bullet && indent > last.indent) {
			last.end = to
			return
		}
	}
	if s.current.level == 8 {
		s.current = s.current.parent
	}
	s.add(block{kind: paragraph, start: from, end: to, indent: indent})
	s.open = true
}

func (s *scanner) add(b block) {
	b.section = s.current
	if m := inlineLabel.FindStringSubmatch(s.text[b.start:b.end]); m != nil && (b.kind == paragraph || b.kind == bullet) {
		if r := roleOf(m[1]); r == roleOutOfScope || r == roleAside {
			b.section = &section{title: m[1], role: r, level: s.current.level, parent: s.current}
		}
	}
	s.blocks = append(s.blocks, b)
}

func (s *scanner) heading(from, to, level int) {
	s.open = false
	if from >= to {
		return
	}
	title := strings.Trim(s.text[from:to], "*_:# \t")
	parent := s.current
	r := roleOf(title)
	for parent.parent != nil && parent.level >= level && (parent.inherited || level != 7 || parent.level != 7 || r != roleNone || !parent.role.declares()) {
		parent = parent.parent
	}
	if r == roleNone && level == 7 && parent.level == 7 && parent.role.declares() {
		r = parent.role
	}
	sec := &section{title: title, role: r, level: level, parent: parent, inherited: r != roleOf(title)}
	s.blocks = append(s.blocks, block{kind: heading, start: from, end: to, level: level, section: parent})
	s.current = sec
}

// isTitle recognises a plain line that works as a heading: short, after a blank
// line, capitalised, without a full stop, with something below.
func (s *scanner) isTitle(text string, next int) bool {
	words := len(strings.Fields(text))
	if open, stop := strings.IndexByte(text, '('), strings.IndexByte(text, ')'); open > 0 && stop > open && roleOf(text) != roleNone {
		words -= len(strings.Fields(text[open:stop]))
	}
	if !s.blank && !s.closesList(text, next) || len(text) > 60 || next >= len(s.text) || words > 6 {
		return false
	}
	if strings.HasPrefix(text, "**") && strings.HasSuffix(strings.TrimRight(text, ":"), "**") {
		return true
	}
	first, _ := utf8.DecodeRuneInString(text)
	last := text[len(text)-1]
	if !unicode.IsUpper(first) || strings.ContainsAny(text, ".;:,\"") || last == '-' {
		return false
	}
	below := strings.TrimLeft(s.text[next:min(len(s.text), next+200)], " \t\r\n")
	r, _ := utf8.DecodeRuneInString(below)
	name, _, _ := strings.Cut(below, " ")
	return below != "" && (unicode.IsUpper(r) || !unicode.IsLetter(r) || roleOf(text) != roleNone || strings.HasSuffix(name, ".") && isIdentifier(name))
}

// closesList reports whether the line is a title with a role that stands between
// two lists without a blank line.
func (s *scanner) closesList(text string, next int) bool {
	if len(s.blocks) == 0 || s.blocks[len(s.blocks)-1].kind != bullet || len(text) > 40 || roleOf(text) == roleNone {
		return false
	}
	return listMarker.MatchString(strings.TrimLeft(s.text[next:min(len(s.text), next+80)], " \t"))
}

// isLabel recognises "Data flows:", "Data flows, in order:" and "Flows (name | from
// | to):".
func isLabel(text string) bool {
	if open := strings.IndexByte(text, '('); open > 0 && strings.HasSuffix(text, "):") && len(text) <= 160 {
		text = text[:open] + ":"
	}
	return strings.HasSuffix(text, ":") && len(text) <= 80 && len(strings.Fields(text)) <= 8 && !strings.Contains(text, ". ")
}
