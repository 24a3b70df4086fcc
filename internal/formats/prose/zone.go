package prose

import (
	"regexp"
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// zone is a trust zone while the document is being read.
type zone struct {
	key      stride.Key
	name     string
	kind     stride.ZoneKind
	parent   *zone
	evidence []stride.Evidence
	used     bool
	stated   bool
}

func (z *zone) id() stride.Key {
	if z == nil {
		return ""
	}
	return z.key
}

// zoneNamed gets or makes the zone.
func (x *extractor) zoneNamed(name string, ev stride.Evidence) *zone {
	name = display(name)
	key := canon(name)
	for _, z := range x.zones {
		if have := canon(z.name); have == key || strings.HasSuffix(have, " "+key) {
			return z
		}
	}
	if key == "" || len(name) > 80 || len(x.zones) >= 200 {
		return nil
	}
	z := &zone{name: name, kind: gazetteer.ZoneKind(name), evidence: []stride.Evidence{ev}, stated: true}
	x.zones = append(x.zones, z)
	return z
}

var (
	quotedZone  = regexp.MustCompile(`(?i)(?:trust boundary|trust zone|security zone|trust boundaries) ["“]([^"”\n]{2,60})["”]`)
	zoneLabel   = regexp.MustCompile(`(?i)^trust (?:zones|boundaries)(?: are)?:\s+(.*)$`)
	zoneInLabel = regexp.MustCompile(`((?:[A-Z][\w/-]*\s+){0,3}(?:Zone|Internet|Network|Cloud|VPC|DMZ|Cluster|Environment|Boundary|Domain)): `)
)

// declareZones reads lists of zones and quoted zone names.
func (x *extractor) declareZones() {
	var outer []indented
	for i := range x.blocks {
		b := &x.blocks[i]
		body := b.textOf(x.text)
		if b.section.role == roleZones && b.kind == bullet {
			outer = x.listedZone(b, outer)
		} else {
			outer = nil
		}
		if b.kind == paragraph {
			x.inlineZones(b, body)
		}
		for _, m := range quotedZones(body, 50) {
			x.zoneNamed(body[m[2]:m[3]], x.quote(b.start, b.end, b.start+m[2], b.start+m[3]))
		}
	}
}

// quotedZones finds zones named in quotation marks; most text has none.
func quotedZones(body string, limit int) [][]int {
	if !strings.ContainsAny(body, `"“”`) {
		return nil
	}
	return quotedZone.FindAllStringSubmatchIndex(body, limit)
}

// indented is a zone of a list with the indent of its item.
type indented struct {
	indent int
	zone   *zone
}

// listedZone reads one item of a list of zones. An item that is indented more
// than one before it lies within that one's zone.
func (x *extractor) listedZone(b *block, outer []indented) []indented {
	it := parseItem(x.text, b.start, b.end)
	if len(strings.Fields(it.name)) > 6 || x.looksLikeClause(it.name) {
		return outer
	}
	ev := x.quote(b.start, b.end, b.start, b.start+len(it.name))
	z := x.zoneNamed(it.name, ev)
	for len(outer) > 0 && outer[len(outer)-1].indent >= b.indent {
		outer = outer[:len(outer)-1]
	}
	if z == nil {
		return outer
	}
	if len(outer) > 0 {
		z.within(outer[len(outer)-1].zone)
	}
	if it.zone != "" {
		z.within(x.zoneNamed(it.zone, ev))
	}
	return append(outer, indented{b.indent, z})
}

func (x *extractor) inlineZones(b *block, body string) {
	m := zoneLabel.FindStringSubmatchIndex(body)
	if m == nil {
		return
	}
	rest, at := body[m[2]:m[3]], b.start+m[2]
	if spans := zoneInLabel.FindAllStringSubmatchIndex(rest, -1); len(spans) > 0 {
		for _, sp := range spans {
			x.zoneNamed(rest[sp[2]:sp[3]], x.quote(b.start, b.end, at+sp[2], at+sp[3]))
		}
		return
	}
	if i := strings.Index(rest, ". "); i >= 0 {
		rest = rest[:i]
	}
	for _, part := range splitList(strings.ReplaceAll(rest, " and ", "    ,"), 0, len(rest)) {
		name := strings.TrimSpace(strings.TrimRight(rest[part[0]:part[1]], "."))
		name, _, _ = strings.Cut(strings.TrimSuffix(name, " and"), "(")
		name = strings.TrimSpace(name)
		if i := strings.Index(rest, name); name != "" && len(strings.Fields(name)) <= 5 {
			x.zoneNamed(name, x.quote(b.start, b.end, at+i, at+i+len(name)))
		}
	}
}

// zoneCalled reports whether the text lists a zone of that name.
func (x *extractor) zoneCalled(key string) bool {
	for _, z := range x.zones {
		if z.stated && canon(z.name) == key {
			return true
		}
	}
	return false
}

// settleOnDevice lets programs that the text does not place stand on the device
// whose sensors, drives and ports are all that they, and the programs they speak
// with, speak with: what flows inside of one machine crosses no boundary.
func (x *extractor) settleOnDevice() {
	peers := map[*element][]*element{}
	for _, f := range x.flows {
		peers[f.from] = append(peers[f.from], f.to)
		peers[f.to] = append(peers[f.to], f.from)
	}
	seen := map[*element]bool{}
	for _, e := range x.reg.all {
		if !floating(e) || seen[e] || len(peers[e]) == 0 {
			continue
		}
		seen[e] = true
		group, wired, free := []*element{e}, false, false
		for i := 0; i < len(group); i++ {
			for _, p := range peers[group[i]] {
				switch {
				case inner(p):
					wired = true
				case !floating(p):
					free = true
				case !seen[p]:
					seen[p] = true
					group = append(group, p)
				}
			}
		}
		for _, g := range group {
			if wired && !free {
				g.home = stride.ZoneDevice
			}
		}
	}
}

// floating reports whether the part is a program of no special kind that the text
// does not place.
func floating(e *element) bool {
	return e.zone == nil && e.home == "" && e.kind == stride.Process && !e.managed && (len(e.tags) == 0 || e.tags[0] == "service")
}

// inner reports whether the part is one that sits inside of a device.
func inner(e *element) bool {
	return e.home == stride.ZoneDevice && e.kind == stride.Process && (related(e.tags, []stride.Tag{"sensor"}) || related(e.tags, []stride.Tag{"actuator"}) ||
		slices.Contains(e.tags, "debug_port") || slices.Contains(e.tags, "field_bus"))
}

// defaultZones puts parts that stand outside by their nature (people on the
// internet, other companies' services, devices) into such a zone where the text
// does not place them. What the system runs itself is left unplaced.
func (x *extractor) defaultZones(kept []*element) {
	x.settleOnDevice()
	for _, e := range kept {
		if e.zone == nil && e.home != "" && len(e.evidence) > 0 {
			e.zone = x.zoneOfKind(e.home, e.evidence[0])
		}
	}
}

func (x *extractor) zoneOfKind(kind stride.ZoneKind, ev stride.Evidence) *zone {
	for _, z := range x.zones {
		if z.kind == kind {
			return z
		}
	}
	names := map[stride.ZoneKind]string{stride.ZoneInternet: "Internet", stride.ZoneThirdParty: "Third parties",
		stride.ZoneDevice: "Devices", stride.ZoneVehicle: "Vehicle", stride.ZoneBrowser: "Browser"}
	name, ok := names[kind]
	if !ok {
		return nil
	}
	z := &zone{name: name, kind: kind, evidence: []stride.Evidence{ev}}
	x.zones = append(x.zones, z)
	return z
}

// boundaries returns the zones that hold a part or were stated, with keys.
func (x *extractor) boundaries(kept []*element, keys map[stride.Key]int) []stride.TrustBoundary {
	for _, e := range kept {
		if e.zone != nil {
			e.zone.used = true
		}
	}
	var out []stride.TrustBoundary
	if len(kept) == 0 {
		return out
	}
	shown := x.zones[:0:0]
	for _, z := range x.zones {
		if z.used || z.stated {
			z.key = unique(keys, stride.Slug(z.name)+"-z")
			shown = append(shown, z)
		}
	}
	for _, z := range shown {
		out = append(out, stride.TrustBoundary{ID: z.key, Name: z.name, Kind: z.kind, ParentID: z.parent.id(), Evidence: z.evidence})
	}
	return out
}
