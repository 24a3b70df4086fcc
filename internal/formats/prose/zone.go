package prose

import (
	"regexp"
	"strings"

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

// zoneWords tell the kind of a zone from words of its name, most telling first.
var zoneWords = []struct {
	kind  stride.ZoneKind
	words string
}{
	{stride.ZoneEnclave, "enclave|trusted execution environment|secure world|tee"},
	{stride.ZoneDMZ, "dmz|demilitarized|perimeter"},
	{stride.ZoneNamespace, "namespace"},
	{stride.ZoneCluster, "cluster|kubernetes"},
	{stride.ZoneNetwork, "vpc|vnet|virtual network|subnet|private network|corporate network|internal network|lan|wlan|network|production trust zone|internal"},
	{stride.ZoneCloud, "cloud|aws|azure|gcp|account|subscription|region|tenant"},
	{stride.ZoneInternet, "internet|public|untrusted|external users"},
	{stride.ZoneThirdParty, "third party|third-party|vendor|partner|stripe|saas|external"},
	{stride.ZoneBrowser, "browser|client side"},
	{stride.ZoneVehicle, "vehicle|car|in-vehicle"},
	{stride.ZoneDevice, "device|phone|mobile|handset|robot"},
	{stride.ZoneOnPrem, "on-prem|on-premises|on premises|data center|data centre|datacenter|datacentre|factory|plant|hospital|office|home|corporate"},
	{stride.ZoneHost, "host|server|machine|vm|container|node|computer"},
}

func zoneKindOf(name string) stride.ZoneKind {
	padded := " " + strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == ' ' || r == '/' || r == '-' || r == '\n' }), " ") + " "
	for _, z := range zoneWords {
		for _, w := range strings.Split(z.words, "|") {
			if strings.Contains(padded, " "+strings.ReplaceAll(w, "-", " ")+" ") || strings.Contains(padded, " "+strings.ReplaceAll(w, "-", " ")+"s ") {
				return z.kind
			}
		}
	}
	return stride.ZoneOther
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
	z := &zone{name: name, kind: zoneKindOf(name), evidence: []stride.Evidence{ev}, stated: true}
	x.zones = append(x.zones, z)
	return z
}

var (
	quotedZone  = regexp.MustCompile(`(?i)(?:trust boundary|trust zone|security zone|trust boundaries) ["“]([^"”\n]{2,60})["”]`)
	zoneLabel   = regexp.MustCompile(`(?i)^trust (?:zones|boundaries)(?: are)?:\s+(.*)$`)
	zoneInLabel = regexp.MustCompile(`((?:[A-Z][\w/-]*\s+){0,3}(?:Zone|Internet|Network|Cloud|VPC|DMZ|Cluster|Environment|Boundary|Domain)): `)
	placement   = regexp.MustCompile(`(?i)\b(?:runs?|running|deployed|hosted|lives?|resides?|lives?|located|sits?|placed|is|are|installed|stays?|operates?|executes?|inside|reachable only)\s+(?:as\s+\S+(?:\s+\S+)?\s+)?(?:only\s+)?(?:in|inside|within|on|into|from|to|behind)\s+(?:the|a|an|our|its|their|each|one|same)?\s*((?:[\w'-]+ ){0,4}?(?:VPC|VNet|DMZ|subnets?|clusters?|namespaces?|(?:private|corporate|internal|public|office|control|home|plant|local|management|OT|IT|guest) network|intranet|internet|data cent(?:er|re)|datacent(?:er|re)|enclave|cloud account|AWS account|Azure subscription|public cloud|private cloud|Azure|AWS|GCP|Google Cloud|on-premises|factory floor))\b`)
)

// declareZones reads lists of zones and quoted zone names.
func (x *extractor) declareZones() {
	for i := range x.blocks {
		b := &x.blocks[i]
		body := b.textOf(x.text)
		if b.section.role == roleZones && b.kind == bullet {
			it := parseItem(x.text, b.start, b.end)
			if len(strings.Fields(it.name)) <= 6 && !x.looksLikeClause(it.name) {
				x.zoneNamed(it.name, x.quote(b.start, b.end, b.start, b.start+len(it.name)))
			}
		}
		if b.kind == paragraph {
			x.inlineZones(b, body)
		}
		for _, m := range quotedZone.FindAllStringSubmatchIndex(body, 50) {
			x.zoneNamed(body[m[2]:m[3]], x.quote(b.start, b.end, b.start+m[2], b.start+m[3]))
		}
	}
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
	for _, name := range strings.FieldsFunc(strings.ReplaceAll(strings.TrimRight(rest, "."), " and ", ";"), func(r rune) bool { return r == ';' || r == ',' }) {
		name = strings.TrimSpace(name)
		if i := strings.Index(rest, name); name != "" && len(strings.Fields(name)) <= 5 {
			x.zoneNamed(name, x.quote(b.start, b.end, at+i, at+i+len(name)))
		}
	}
}

// readZones places parts: "X runs in the private subnet", `X is inside trust
// boundary "Y"`.
func (x *extractor) readZones() {
	for i := range x.sentences {
		s := &x.sentences[i]
		if len(s.mentions) == 0 || s.block.kind == heading {
			continue
		}
		body := x.text[s.start:s.end]
		for _, m := range quotedZone.FindAllStringSubmatchIndex(body, 10) {
			x.place(s, body, m, true)
		}
		if containsZoneWord(body) {
			for _, m := range placement.FindAllStringSubmatchIndex(body, 4) {
				x.place(s, body, m, false)
			}
		}
	}
}

// containsZoneWord spares most sentences the regular expression.
func containsZoneWord(body string) bool {
	lower := strings.ToLower(body)
	for _, w := range []string{"vpc", "vnet", "dmz", "subnet", "cluster", "namespace", "network", "intranet", "internet", "data cent", "datacent", "enclave", "account", "subscription", "cloud", "azure", "aws", "gcp", "on-prem", "factory"} {
		if strings.Contains(lower, w) {
			return true
		}
	}
	return false
}

func (x *extractor) place(s *sentence, body string, m []int, quoted bool) {
	name := body[m[2]:m[3]]
	for _, w := range strings.Fields(strings.ToLower(name)) {
		if !quoted && x.preps[w] {
			return
		}
	}
	if !quoted && deniedBefore(body[:m[2]]) {
		return
	}
	z := x.zoneNamed(name, x.quote(s.start, s.end, s.start+m[2], s.start+m[3]))
	if z == nil {
		return
	}
	clause := strings.LastIndexAny(body[:m[0]], ".;") + 1
	if quoted {
		if i := strings.LastIndex(body[:m[0]], `"`); i > clause {
			clause = i
		}
	}
	for _, men := range s.mentions {
		at := s.tokens[men.from].start - s.start
		if men.elem == nil || at < clause || at >= m[0] || men.elem.zone != nil || (men.elem.kind == stride.ExternalEntity && !quoted && z.kind != stride.ZoneInternet) {
			continue
		}
		men.elem.zone = z
	}
}

func deniedBefore(text string) bool {
	words := strings.Fields(strings.ToLower(text))
	for _, w := range words[max(0, len(words)-5):] {
		if w == "not" || w == "never" || w == "no" {
			return true
		}
	}
	return false
}

// defaultZones puts parts that stand outside by their nature (people on the
// internet, other companies' services, devices) into such a zone where the text
// does not place them. What the system runs itself is left unplaced.
func (x *extractor) defaultZones(kept []*element) {
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
	for _, z := range x.zones {
		if !z.used && !z.stated {
			continue
		}
		z.key = unique(keys, stride.Slug(z.name)+"-z")
		out = append(out, stride.TrustBoundary{ID: z.key, Name: z.name, Kind: z.kind, ParentID: z.parent.id(), Evidence: z.evidence})
	}
	return out
}
