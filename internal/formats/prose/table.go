package prose

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
)

// table is what is known of the table that the blocks are in.
type table struct {
	last  int // index of its latest row
	parts bool
	name  int  // the column of the names
	files bool // it lists files: those that say what a build does are parts
}

// cells returns the cells of a row without their marks.
func (x *extractor) cells(b *block) []string {
	cells := strings.Split(strings.Trim(x.text[b.start:b.end], "|"), "|")
	for i, c := range cells {
		cells[i] = strings.Trim(c, " *_`\t")
	}
	return cells
}

func (x *extractor) declareRow(b *block, r role) {
	cells := x.cells(b)
	name := 0
	if len(cells) > 1 && itemID.MatchString(cells[0]+" x") {
		name = 1
	}
	x.declareCells(b, cells, name, r)
}

// declareCells makes the part that a row of a table describes; the cell behind
// its name may state its type, the one before it its number.
func (x *extractor) declareCells(b *block, cells []string, col int, r role) {
	name := cells[col]
	switch strings.ToLower(name) {
	case "", "name", "component", "id", "element", "actor", "service", "description", "type", "#", "process", "data store", "external entity":
		return
	}
	at := strings.Index(x.text[b.start:b.end], name)
	it := item{name: name, start: b.start, end: b.end, nameAt: b.start + at}
	if len(cells) > col+1 {
		it.attributes = x.typeCell(cells[col+1:])
		it.desc = strings.TrimSpace(strings.Join(cells[col+1:], " "))
	}
	if col > 0 {
		it.id = cells[col-1]
	}
	x.declareItem(it, r, b)
}

// typeCell returns the cell that says what the part is made of, in three words at
// most ("Spring Boot"), else the first.
func (x *extractor) typeCell(cells []string) string {
	for _, c := range cells {
		if e, known := x.gaz.Lookup(c); known && e.Level != gazetteer.Weak && len(strings.Fields(c)) <= 3 {
			return cells[0] + "; " + c
		}
	}
	return cells[0]
}

// describeRow reads a row of a table whose first columns are headed "Component"
// or the like.
func (x *extractor) describeRow(b *block, t *table) {
	cells := x.cells(b)
	first := b.index == 0 || t.last != b.index-1 || strings.Contains(x.text[x.blocks[t.last].end:b.start], "\n\n")
	t.last = b.index
	if first {
		t.parts, t.name = false, 0
		for i := range min(2, len(cells)) {
			if roleOf(cells[i]).declares() || partColumn(strings.ToLower(cells[i])) {
				t.parts, t.name, t.files = true, i, false
				return
			}
			if strings.EqualFold(cells[i], "name") && slices.ContainsFunc(cells, techColumn) {
				t.parts, t.name, t.files = true, i, false
				return
			}
			if strings.EqualFold(cells[i], "file") {
				t.parts, t.name, t.files = true, i, true
				return
			}
		}
		return
	}
	if !t.parts || t.name >= len(cells) || t.files && !isWorkflow(cells[t.name]) || !x.partName(x.marked(b, cells[t.name])) {
		return
	}
	x.declareCells(b, cells, t.name, roleComponents)
	b.declared = false
}

// techColumn lists headers that only tables of programs have.
func techColumn(header string) bool {
	switch strings.ToLower(header) {
	case "technology", "tech", "tech stack", "stack", "runs on", "runtime", "framework", "port", "ports", "image", "language", "platform", "implementation",
		"built with", "technologies":
		return true
	}
	return false
}

// marked writes a name of one word that its cell puts in bold or code like a name.
func (x *extractor) marked(b *block, cell string) string {
	if len(strings.Fields(cell)) == 1 && (strings.Contains(x.text[b.start:b.end], "**"+cell+"**") || strings.Contains(x.text[b.start:b.end], "`"+cell+"`")) {
		return display(cell)
	}
	return cell
}

// isWorkflow reports whether the name is that of a file that tells a build system
// what to do: "release.yml".
func isWorkflow(name string) bool {
	return (strings.HasSuffix(name, ".yml") || strings.HasSuffix(name, ".yaml")) && !strings.Contains(name, " ")
}

// flowColumn says which way data goes between a row's part and what a column with
// this header names: 1 out of the part, -1 into it, 0 where it tells no flow.
func flowColumn(header string) int {
	switch strings.ToLower(header) {
	case "talks to", "calls", "connects to", "sends to", "sends data to", "depends on", "writes to", "communicates with", "downstream", "output to", "outputs to",
		"destination", "publishes to", "talks with":
		return 1
	case "reads from", "receives from", "called by", "used by", "upstream", "input from", "inputs from", "consumes from", "subscribes to":
		return -1
	}
	return 0
}

// rowFlows reads the columns of a table of parts that name what each part talks
// to: heads are the cells of its first row.
func (x *extractor) rowFlows(b *block, heads []string) {
	cells := x.cells(b)
	var part *element
	for i, c := range cells {
		if part == nil {
			part = x.reg.byName[canon(c)]
			continue
		}
		if i >= len(heads) {
			return
		}
		way := flowColumn(heads[i])
		if way == 0 {
			continue
		}
		for _, other := range x.flowEnds(c, b) {
			from, to := part, other
			if way < 0 {
				from, to = to, from
			}
			x.stateFlow(b, from, to, "", "")
		}
	}
}

// partColumn lists headers of columns that name parts.
func partColumn(w string) bool {
	switch w {
	case "component", "part", "service", "module", "element", "system", "process", "application", "app", "device", "data store", "store", "database",
		"workflow", "script", "job", "deployment",
		"queue", "microservice", "workload", "function", "lambda", "container", "actor", "tool", "subsystem", "external entity", "resource":
		return true
	}
	return false
}

// endColumns returns the columns of a table of flows that name the two ends, or
// -1: "| # | From | To | Data |".
func endColumns(heads []string) (from, to int) {
	from, to = -1, -1
	for i, h := range heads {
		switch strings.ToLower(strings.Trim(h, " *_`")) {
		case "from", "source", "sender", "src", "origin", "initiator":
			from = i
		case "to", "target", "destination", "receiver", "dest", "dst", "sink":
			to = i
		}
	}
	return from, to
}

// endsRow reads a row of a table whose header names the two ends.
func (x *extractor) endsRow(b *block, ends [2]int) {
	cells := x.cells(b)
	if len(cells) <= max(ends[0], ends[1]) {
		return
	}
	var rest []string
	for i, c := range cells {
		if i != ends[0] && i != ends[1] {
			rest = append(rest, c)
		}
	}
	for _, from := range x.tableEnds(cells[ends[0]], b) {
		for _, to := range x.tableEnds(cells[ends[1]], b) {
			x.stateFlow(b, from, to, "", strings.Join(rest, "; "))
		}
	}
}

// tableEnds finds or makes the parts that a cell of a table of flows names.
func (x *extractor) tableEnds(cell string, b *block) []*element {
	found := x.flowEnds(cell, b)
	if len(found) == 0 && len(strings.Fields(cell)) <= 4 {
		x.declareItem(item{name: cell, start: b.start, end: b.end, nameAt: b.start + max(0, strings.Index(x.text[b.start:b.end], cell))}, roleComponents, b)
		found = x.flowEnds(cell, b)
	}
	return found
}
