package mermaid

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// chain reads "A & B -->|label| C --> D".
func (p *parser) chain(from, to, line int) {
	s := p.text[from:to]
	left, n := p.group(s, from, to)
	if n == 0 {
		p.note(line, "not understood: %s", clip(s))
		return
	}
	for at := n; at < len(s); {
		rest := strings.TrimLeft(s[at:], " \t")
		at = len(s) - len(rest)
		if rest == "" {
			return
		}
		if m := edgeID.FindString(rest); m != "" {
			at += strings.IndexByte(m, '@') + 1
			rest = s[at:]
		}
		label, both, took := lexArrow(rest)
		if took == 0 {
			p.note(line, "not understood: %s", clip(rest))
			return
		}
		at += took
		skip := len(s[at:]) - len(strings.TrimLeft(s[at:], " \t"))
		right, n := p.group(s[at+skip:], from+at+skip, to)
		if n == 0 {
			p.note(line, "an arrow that leads nowhere: %s", clip(rest))
			return
		}
		at += skip + n
		p.connect(left, right, edge{label: label, both: both, lines: [][2]int{{from, to}}}, line)
		left = right
	}
}

func clip(s string) string {
	if len(s) <= 60 {
		return s
	}
	end := 60
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "..."
}

// group reads nodes joined by "&" and returns how many bytes they take.
func (p *parser) group(s string, at, end int) ([]*node, int) {
	var out []*node
	n := 0
	for {
		id, label, sh, took := lexNode(s[n:])
		if took == 0 {
			return out, 0
		}
		if nd := p.node(id, label, sh, at+n, end); nd != nil && len(out) < maxNodes {
			out = append(out, nd)
		}
		n += took
		rest := strings.TrimLeft(s[n:], " \t")
		if !strings.HasPrefix(rest, "&") {
			return out, n
		}
		rest = strings.TrimLeft(rest[1:], " \t")
		n = len(s) - len(rest)
	}
}

func (p *parser) node(id, label string, sh shape, at, end int) *node {
	if p.zones[id] > 0 {
		return nil
	}
	nd := p.nodes[id]
	if nd == nil {
		if len(p.order) >= maxNodes {
			return nil
		}
		nd = &node{id: id, label: id, zone: p.zone(), start: p.line, end: end, at: at}
		p.nodes[id] = nd
		p.order = append(p.order, nd)
	}
	if label != "" {
		nd.label = label
		nd.start, nd.end, nd.at = p.line, end, at
	}
	if sh != plain {
		nd.shape = sh
	}
	if nd.zone == 0 {
		nd.zone = p.zone()
	}
	return nd
}

// connect draws the edge from every left node to every right one. An edge that
// was drawn before gets one more line, not a twin.
func (p *parser) connect(left, right []*node, e edge, line int) {
	for _, l := range left {
		for _, r := range right {
			key := arc{l, r, e.label}
			i, known := p.arcs[key]
			p.drawn++
			switch {
			case p.drawn > maxDrawn || !known && l != r && len(p.edges) >= maxEdges:
				if !p.full {
					p.note(line, "more edges than are read; the rest is left out")
				}
				p.full = true
				return
			case l == r:
			case known:
				if have := &p.edges[i]; len(have.lines) < maxEvidence {
					have.lines = append(have.lines, e.lines...)
				}
				p.edges[i].both = p.edges[i].both || e.both
			default:
				drawn := e
				drawn.from, drawn.to, drawn.lines = l, r, [][2]int{e.lines[0]}
				p.arcs[key] = len(p.edges)
				p.edges = append(p.edges, drawn)
			}
		}
	}
}

// quote makes evidence of a range, within the bounds of a quote, around focus.
func (p *parser) quote(from, to, focus int) []stride.Evidence {
	raw := p.raw
	for from < to && (raw[from] == ' ' || raw[from] == '\t') {
		from++
	}
	to = from + len(strings.TrimRight(raw[from:to], " \t\r\n"))
	if to-from > stride.MaxQuote {
		from = min(max(from, focus-50), to-stride.MaxQuote)
		for !utf8.RuneStart(raw[from]) {
			from++
		}
		to = min(to, from+stride.MaxQuote)
		for to < len(raw) && !utf8.RuneStart(raw[to]) {
			to--
		}
	}
	for to-from < stride.MinQuote && (to < len(raw) || from > 0) {
		if to < len(raw) {
			_, size := utf8.DecodeRuneInString(raw[to:])
			to += size
		} else {
			_, size := utf8.DecodeLastRuneInString(raw[:from])
			from -= size
		}
	}
	if to-from < stride.MinQuote {
		return []stride.Evidence{{Kind: stride.Inferred, SourceID: p.src.ID}}
	}
	return []stride.Evidence{{Kind: stride.Quoted, SourceID: p.src.ID, Start: from, End: to, Quote: raw[from:to]}}
}

func (p *parser) key(base string) stride.Key {
	key := stride.Key(base)
	for p.keys[key] > 0 {
		p.keys[stride.Key(base)]++
		key = stride.Key(base + "-" + strconv.Itoa(p.keys[stride.Key(base)]))
	}
	p.keys[key] = 1
	return key
}

func (p *parser) architecture() stride.Architecture {
	var out stride.Architecture
	zoneKeys := make([]stride.Key, len(p.boundaries)+1)
	for i, b := range p.boundaries {
		zoneKeys[i+1] = p.key(stride.Slug(b.name) + "-z")
		out.TrustBoundaries = append(out.TrustBoundaries, stride.TrustBoundary{ID: zoneKeys[i+1], Name: b.name, Kind: gazetteer.ZoneKind(b.name),
			ParentID: zoneKeys[b.parent], Evidence: p.quote(b.start, b.end, b.start)})
	}
	ids := map[*node]stride.Key{}
	for _, nd := range p.order {
		e := p.element(nd)
		e.Zone = zoneKeys[nd.zone]
		ids[nd] = e.ID
		out.Elements = append(out.Elements, e)
	}
	for _, ed := range p.edges {
		out.Flows = append(out.Flows, p.flow(ed, ids, ed.from, ed.to))
		if ed.both {
			out.Flows = append(out.Flows, p.flow(ed, ids, ed.to, ed.from))
		}
	}
	out.Connect()
	return out
}

func (p *parser) element(nd *node) stride.Element {
	entry, known := p.gaz.Lookup(nd.label)
	kind := kindOf(nd.shape, entry, known)
	e := stride.Element{Name: nd.label, Kind: kind, Evidence: p.quote(nd.start, nd.end, nd.at)}
	if known {
		e.Tags = entry.AllTags()
	}
	if nd.id != nd.label {
		e.Aliases = []string{nd.id}
	}
	e.ID = p.key(stride.Slug(nd.label) + "-" + map[stride.ElementKind]string{stride.ExternalEntity: "ee", stride.Process: "p", stride.DataStore: "ds"}[kind])
	return e
}

// kindOf lets the shape decide where it says something, else the name.
func kindOf(sh shape, entry gazetteer.Entry, known bool) stride.ElementKind {
	switch {
	case sh == cylinder:
		return stride.DataStore
	case known:
		return entry.Kind
	}
	return stride.Process
}

func (p *parser) flow(ed edge, ids map[*node]stride.Key, from, to *node) stride.Flow {
	name := from.label + " to " + to.label
	base := stride.Slug(name)
	if ed.label != "" {
		base, name = stride.Slug(name+" "+ed.label), ed.label
	}
	f := stride.Flow{ID: p.key(base + "-f"), Name: name, SourceID: ids[from], TargetID: ids[to], Controls: stride.Controls{},
		Protocol: protocolIn(ed.label)}
	for _, l := range ed.lines {
		f.Evidence = append(f.Evidence, p.quote(l[0], l[1], l[0])...)
	}
	if state, said := encryptionIn(ed.label, f.Protocol); said {
		f.Controls[stride.EncryptionInTransit] = stride.Control{State: state, Evidence: f.Evidence}
	}
	return f
}

// protocolIn returns the first protocol that a label names, in lower case.
func protocolIn(label string) string {
	for _, w := range gazetteer.Words(label) {
		switch w {
		case "https", "http", "grpc", "rest", "graphql", "wss", "tls", "mtls", "ssh", "sftp", "ftp", "smtp", "mqtt", "mqtts", "amqp", "amqps", "tcp", "udp",
			"websocket", "ldap", "ldaps", "modbus", "bluetooth", "ble", "can", "jdbc", "sql", "soap", "quic", "coap", "dns", "usb":
			return w
		}
	}
	return ""
}

func encryptionIn(label, protocol string) (stride.ControlState, bool) {
	lower := strings.ToLower(label)
	for _, w := range []string{"unencrypted", "not encrypted", "plaintext", "cleartext", "no tls"} {
		if strings.Contains(lower, w) {
			return stride.ControlAbsent, true
		}
	}
	switch protocol {
	case "https", "wss", "tls", "mtls", "ssh", "sftp", "mqtts", "amqps", "ldaps", "quic":
		return stride.ControlPresent, true
	}
	return stride.ControlPresent, strings.Contains(lower, "encrypted") || strings.Contains(lower, "tls")
}
