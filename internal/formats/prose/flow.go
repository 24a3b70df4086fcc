package prose

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// flow is a data flow while the document is being read.
type flow struct {
	from, to *element
	label    string
	protocol string
	tags     []stride.Tag
	data     []stride.DataClass
	controls stride.Controls
	evidence []stride.Evidence
	outside  bool
	// reaches are the parts of sentences that speak of it.
	reaches []span
	// plain quotes where the text names a protocol that encrypts nothing.
	plain *stride.Evidence
}

func (f *flow) build(keys map[stride.Key]int) stride.Flow {
	name := f.from.name + " to " + f.to.name
	base := stride.Slug(name) + "-f"
	if f.label != "" {
		base = stride.Slug(name+" "+f.label) + "-f"
		name = f.label
	}
	return stride.Flow{ID: unique(keys, base), Name: name, SourceID: f.from.key, TargetID: f.to.key, Protocol: f.protocol,
		Tags: f.tags, Data: f.data, Controls: f.controls, OutOfScope: f.outside, Evidence: f.evidence}
}

var (
	flowNumber = regexp.MustCompile(`^\(?[A-Z]{0,3}\d{1,3}[a-z]?[.):]*\s+`)
	// dashLabel matches the label of a flow before a dash: "Orders - A to B".
	dashLabel  = regexp.MustCompile(`^([^()]{2,60}?)\s+[-–—]\s+(\S.* to \S.*)$`)
	sendsForm  = regexp.MustCompile(`^(.{2,80}?) (?:sends|send|passes|returns|provides) (?:"([^"]+)"|(.{2,80}?)) (?:to|into) (.{2,80}?)(?:\s+\((.*)\))?\.?$`)
	arrowForm  = regexp.MustCompile(`^(.{2,80}?)\s*(?:->|-->|=>|→|⟶|➔|<->|↔)\s*(.{2,80}?)(?:\s*(?::|\(|\s-\s)\s*(.*?)\)?)?$`)
	pairForm   = regexp.MustCompile(`^(?:([^:]{2,60}): )?(.{2,60}?) to (.{2,60}?)(?:(?::|,)\s+(.*?))?(?:\s*\((.*)\))?\.?$`)
	sourceForm = regexp.MustCompile(`(?i)^(?:([^:]{2,60}): )?source:? (.{2,60}?)[,;] (?:destination|target|sink):? ([^,;]{2,60})(?:[,;]\s*(.*?))?(?:\s*\((.*)\))?\.?$`)
	fromToForm = regexp.MustCompile(`^(?:([^:]{2,60}): )?from (.{2,60}?) to (.{2,60}?)(?:(?::|,)\s+(.*?))?(?:\s*\((.*)\))?\.?$`)
)

// declareFlows reads lines that state a flow outright.
func (x *extractor) declareFlows() {
	var heads []string
	var ends [2]int
	for i := range x.blocks {
		b := &x.blocks[i]
		switch {
		case b.kind != row:
			heads = nil
		case heads == nil:
			heads = x.cells(b)
			from, to := endColumns(heads)
			ends = [2]int{from, to}
		case ends[0] >= 0 && ends[1] >= 0:
			x.endsRow(b, ends)
		case b.section.role == roleFlows:
			x.flowRow(b)
		default:
			x.rowFlows(b, heads)
		}
		if b.kind != bullet && b.kind != paragraph || x.declareNamedArrows(b) || b.kind == paragraph && b.end-b.start > 300 {
			continue
		}
		x.declareFlow(b)
	}
}

func (x *extractor) flowRow(b *block) {
	cells := strings.Split(strings.Trim(x.text[b.start:b.end], "|"), "|")
	var ends []*element
	var rest []string
	for _, c := range cells {
		if e := x.reg.byName[canon(c)]; e != nil && len(ends) < 2 {
			ends = append(ends, e)
		} else {
			rest = append(rest, c)
		}
	}
	if len(ends) == 2 {
		x.stateFlow(b, ends[0], ends[1], "", strings.Join(rest, "; "))
	}
}

func (x *extractor) declareFlow(b *block) {
	line := x.text[b.start:b.end]
	if len(line) > 600 {
		return
	}
	line = strings.Join(strings.Fields(line), " ")
	rest := letterItem.ReplaceAllString(flowNumber.ReplaceAllString(line, ""), "")
	if at := regexpArrow.FindStringIndex(rest); len(at) == 0 || at[0] > 0 {
		line = rest
	}
	inFlows := b.section.role == roleFlows
	arrow := strings.ContainsAny(line, ">→⟶➔↔")
	if arrow && x.declareBracketed(b, line) {
		return
	}
	if parts := arrowParts(line); arrow && len(parts) > 1 {
		for _, part := range parts {
			if m := arrowForm.FindStringSubmatch(part); len(m) > 0 {
				x.declareArrows(b, part, m)
			}
		}
		return
	}
	if arrow {
		if m := arrowForm.FindStringSubmatch(line); m != nil {
			x.declareArrows(b, line, m)
			return
		}
	}
	var m []string
	if strings.Contains(line, "to ") {
		m = sendsForm.FindStringSubmatch(line)
	}
	if m != nil {
		from, to := x.flowEnd(m[1], b, inFlows), x.flowEnd(m[4], b, inFlows)
		label := m[2]
		if through := strings.Contains(m[3], " through ") || strings.Contains(m[3], " via "); through && !inFlows {
			return // two flows, which the sentence's verb frame reads
		}
		if x.stateFlow(b, from, to, label, m[5]+" "+m[3]) {
			return
		}
	}
	if !inFlows || x.declareColumns(b, line) {
		return
	}
	if ends, what, cut := strings.Cut(line, ": "); cut && strings.Contains(ends, " to ") {
		m := pairForm.FindStringSubmatch(ends) // "A to B: HTTPS (across the boundary)"
		stated := len(m) > 0 && m[1] == "" && x.flowEnd(m[2], b, false) != nil && x.flowEnd(m[3], b, false) != nil
		if stated && x.declarePairs(b, []string{line, "", m[2], m[3], what, ""}) {
			return
		}
	}
	if m := dashLabel.FindStringSubmatch(line); len(m) > 0 && x.flowEnd(firstPart(line), b, false) == nil {
		line = strings.ReplaceAll(m[1], ": ", " ") + ": " + x.pastOperation(m[2], b)
	}
	for _, form := range []*regexp.Regexp{sourceForm, fromToForm, pairForm} {
		if m := form.FindStringSubmatch(line); m != nil && x.declarePairs(b, m) {
			return
		}
	}
}

// firstPart returns what stands before the first "to".
func firstPart(line string) string {
	before, _, _ := strings.Cut(line, " to ")
	return before
}

// pastOperation leaves out the words before the first end of a flow that only say what
// is called there, where the rest is the name of a listed part: "C-FIND Scanner to Archive".
func (x *extractor) pastOperation(ends string, b *block) string {
	first, rest, found := strings.Cut(ends, " to ")
	words := strings.Fields(first)
	if !found || x.flowEnd(first, b, false) != nil {
		return ends
	}
	for i := 1; i < len(words); i++ {
		if name := strings.Join(words[i:], " "); x.flowEnd(name, b, false) != nil {
			return name + " to " + rest
		}
	}
	return ends
}

// declarePairs reads "Orders: A or B to C (HTTPS)" and "A, B to C with a tool".
func (x *extractor) declarePairs(b *block, m []string) bool {
	const step = 14 // words
	if len(strings.Fields(m[4])) > step && strings.Contains(m[4], " ") && x.flowEnd(m[2], b, false) == nil {
		return false // "Push to the registry: the build signs ...": the title of a step
	}
	target, means := m[3], ""
	if cut := byMeans.FindStringIndex(target); len(cut) > 0 && x.reg.byName[canon(target)] == nil {
		target, means = target[:cut[0]], target[cut[0]:]
	}
	stated := false
	if x.clauseEnd(m[2], b) || x.clauseEnd(target, b) {
		return false
	}
	for _, to := range x.flowEnds(target, b) {
		for _, from := range x.flowEnds(m[2], b) {
			stated = x.stateFlow(b, from, to, m[1], m[4]+"; "+m[5]+means) || stated
		}
	}
	return stated
}

var byMeans = regexp.MustCompile(` (?:with|via|by|using|through|over|for) `)

// declareColumns reads "Orders | Web app | Order API | JSON | HTTPS": the first
// two columns that name parts are the ends, what stands before them the label.
func (x *extractor) declareColumns(b *block, line string) bool {
	cells := strings.Split(line, "|")
	if len(cells) < 3 {
		return false
	}
	for i := 0; i+1 < len(cells) && i < 3; i++ {
		from, to := x.reg.byName[canon(cells[i])], x.reg.byName[canon(cells[i+1])]
		if from != nil && to != nil {
			return x.stateFlow(b, from, to, strings.Join(cells[:i], " "), strings.Join(cells[i+2:], "; "))
		}
	}
	return false
}

// arrowParts splits "A -> B: orders; B -> C: HL7" into its flows.
func arrowParts(line string) []string {
	var parts []string
	for _, part := range strings.Split(line, "; ") {
		if len(parts) > 0 && !regexpArrow.MatchString(part) {
			parts[len(parts)-1] += "; " + part
			continue
		}
		parts = append(parts, part)
	}
	return parts
}

// declareArrows reads "A -> B, C -> D: orders over HTTPS"; a double arrow goes
// both ways.
func (x *extractor) declareArrows(b *block, line string, m []string) {
	if strings.Contains(m[1], "?") {
		return // a question and its answer
	}
	both := strings.ContainsAny(line, "↔") || strings.Contains(line, "<->")
	from := x.flowEnds(m[1], b)
	for _, hop := range regexpArrow.Split(m[2], 10) {
		to := x.flowEnds(hop, b)
		for _, a := range from {
			for _, z := range to {
				x.stateFlow(b, a, z, "", m[3])
				if both {
					x.stateFlow(b, z, a, "", m[3])
				}
			}
		}
		from = to
	}
}

// flowEnds finds the parts that one end of an arrow names: "B", "B, C", "B and
// C".
func (x *extractor) flowEnds(name string, b *block) []*element {
	if e := x.flowEnd(name, b, false); e != nil {
		return []*element{e}
	}
	if x.joinedName(name) {
		if e := x.flowEnd(name, b, true); e != nil {
			return []*element{e}
		}
	}
	var out []*element
	for _, part := range x.withHead(regexpJoin.Split(name, 8)) {
		if e := x.flowEnd(part, b, true); e != nil {
			out = append(out, e)
		}
	}
	return out
}

var regexpJoin = regexp.MustCompile(`,\s+(?:and\s+|or\s+)?|\s+and\s+|\s+or\s+|\s+\+\s+|\s+&\s+`)

var regexpArrow = regexp.MustCompile(`\s*(?:->|-->|=>|→|⟶|➔|<->|↔)\s*`)

// flowEnd finds the part that one end of a stated flow names. In a list of
// flows, a short name that is new is a part too.
func (x *extractor) flowEnd(name string, b *block, create bool) *element {
	if i := strings.LastIndex(name, ": "); i >= 0 {
		name = name[i+2:]
	}
	if i := strings.LastIndex(name, "**"); i > 0 && strings.TrimSpace(name[i+2:]) != "" {
		name = name[i+2:] // what stands in bold before it is a label
	}
	name = strings.Trim(name, " \t\"*_`.,[]|+<>")
	if e := x.reg.byName[canon(name)]; e != nil {
		return e
	}
	if e := x.onlyEnding(canon(name)); e != nil {
		return e
	}
	if e := x.calledShort(canon(name)); e != nil {
		return e
	}
	if i := strings.Index(name, " `"); i > 0 {
		name = name[:i]
	}
	if i := strings.IndexByte(name, '('); i > 1 {
		if e := x.reg.byName[canon(name[:i])]; e != nil {
			return e
		}
		if short := strings.Trim(name[i:], "() "); !strings.Contains(short, " ") && short == strings.ToUpper(short) && strings.HasSuffix(name, ")") {
			name = strings.TrimSpace(name[:i]) // "Logs (UART)"
		}
	}
	at := strings.Index(x.text[b.start:b.end], name)
	if !create || at < 0 || len(strings.Fields(name)) > 5 || x.looksLikeClause(name) || !(startsUpper(name) || b.section.role == roleFlows || x.smallName(name)) {
		return nil
	}
	entry, known := x.gaz.Lookup(name)
	if small := !startsUpper(name) && b.section.role != roleFlows; small {
		if entry, known = x.headed(name); !x.smallName(name) || !x.drawn(b) {
			return nil
		}
	}
	if !known && !startsUpper(name) && !x.smallName(name) || strings.ContainsAny(name, "(){}=<>;") {
		return nil
	}
	if len(x.reg.all) >= 4*maxElements || stride.Slug(name) == "" {
		return nil
	}
	e := &element{name: display(name), kind: stride.Process, pos: b.start + at, declared: true, capital: true,
		evidence: []stride.Evidence{x.quote(b.start, b.end, b.start+at, b.start+at+len(name))}}
	if known {
		e.kind, e.tags, e.home, e.level, e.managed = entry.Kind, entry.Tags, entry.Zone, entry.Level, entry.Managed
	} else if first, _, _ := strings.Cut(strings.ToLower(name), " "); first == "external" || first == "third-party" {
		e.kind, e.tags, e.home = stride.ExternalEntity, []stride.Tag{"third_party"}, stride.ZoneThirdParty
	}
	return x.reg.add(e)
}

// onlyEnding finds the one listed part whose name ends with the given one: "Portal"
// for "Patient portal".
func (x *extractor) onlyEnding(key string) *element {
	words := strings.Fields(key)
	if len(words) == 0 {
		return nil
	}
	var hit *element
	for _, e := range x.reg.byWord[words[len(words)-1]] {
		if e.declared && strings.HasSuffix(e.canon, " "+key) {
			if hit != nil {
				return nil
			}
			hit = e
		}
	}
	return hit
}

// stateFlow records a flow that the block states, with what its brackets say.
func (x *extractor) stateFlow(b *block, from, to *element, label, attributes string) bool {
	if from == nil || to == nil || from == to || len(x.flows) >= maxFlows {
		return false
	}
	b.declared = true
	ev := x.quote(b.start, b.end, b.start, b.end)
	f := &flow{from: from, to: to, label: strings.TrimSpace(label), evidence: []stride.Evidence{ev}}
	lower := strings.ToLower(attributes)
	f.protocol = x.protocolIn(lower)
	f.outside = strings.Contains(lower, "out of scope")
	f.data = x.dataIn(lower + " " + strings.ToLower(label))
	f.controls = stride.Controls{}
	for _, c := range x.controlsIn(lower) {
		setControl(f.controls, c, ev)
		if c.state == stride.ControlAbsent && !ofConnections(c.name) && fits(c.name, to) {
			to.setControl(c, ev)
		}
	}
	if secureProtocol(f.protocol) {
		setControl(f.controls, finding{name: stride.EncryptionInTransit, state: stride.ControlPresent}, ev)
	}
	if tokens := tokenize(lower, 0, len(lower)); !secured(lower) {
		for i := range tokens {
			if tokens[i].lower == f.protocol && plainAt(tokens, i) {
				f.plain = &ev
			}
		}
	}
	from.linked, to.linked = true, true
	if b.section.role == roleFlows {
		from.loose, to.loose = false, false // what a listed flow ends at is a part
	}
	x.flows = append(x.flows, f)
	if ends := [2]*element{from, to}; x.byEnds[ends] == nil {
		x.byEnds[ends] = f
	}
	return true
}

func (b *block) textOf(text string) string { return text[b.start:b.end] }

// protocolWords are the protocols that texts name, as one word each.
const protocolWords = `https http http/s http/2 grpc grpcs rest soap graphql websocket websockets wss tls mtls ssl ssh sftp ftp ftps smtp smtps imap
mqtt mqtts amqp amqps
tcp udp quic dns ldap ldaps kerberos modbus opc-ua can bluetooth ble zigbee wifi usb uart i2c spi upnp coap odbc jdbc nfs smb rtsp rtp snmp syslog
telnet rdp vnc ipsec ws dicom hl7 mllp dnp3 bacnet ocpp mavlink sip tftp s7comm profinet
oauth oauth2 oidc saml scp rsync ros dds vpn webrtc thrift rmi`

func (x *extractor) isProtocol(w string) bool { return x.protos[w] }

func (x *extractor) protocolIn(lower string) string {
	lower, first := strings.ReplaceAll(lower, "http/s", "https "), ""
	for _, t := range tokenize(lower, 0, len(lower)) {
		if t.word && x.protos[t.text] && t.text != "ros" && t.text != "can" && t.text != "rest" {
			first = cmp.Or(first, t.text)
			if secureProtocol(t.text) && (first == t.text || first != "http" && plainProtocol(first)) {
				return t.text // "DICOM over TLS"
			}
		}
	}
	return first
}

func secureProtocol(p string) bool {
	switch p {
	case "https", "wss", "tls", "mtls", "ssl", "ssh", "sftp", "ftps", "smtps", "mqtts", "amqps", "ldaps", "grpcs", "scp", "ipsec", "vpn", "quic":
		return true
	}
	return false
}

// plainProtocol reports whether the protocol neither encrypts nor authenticates by
// itself. What needs a profile to do so (DICOM, DNP3, SNMP v3) counts where the
// text names none.
func plainProtocol(p string) bool {
	switch p {
	case "http", "ftp", "telnet", "ws", "ldap", "modbus", "dicom", "hl7", "mllp", "dnp3", "bacnet", "syslog", "snmp", "tftp", "rtsp", "mavlink", "s7comm":
		return true
	}
	return false
}

// secured reports whether lower-case text speaks of anything that encrypts or
// of a connection that leaves no machine.
func secured(lower string) bool {
	for _, t := range tokenize(lower, 0, len(lower)) {
		if secureProtocol(t.text) || t.text == "starttls" || t.text == "tunnel" || t.text == "localhost" || t.text == "loopback" ||
			strings.HasPrefix(t.text, "encrypt") {
			return true
		}
	}
	return false
}

// plainAt reports whether token i names a plain protocol as such: "HTTP
// requests" and "HTTP/2" say nothing about encryption.
func plainAt(tokens []token, i int) bool {
	if !plainProtocol(tokens[i].lower) {
		return false
	}
	if i+1 == len(tokens) {
		return true
	}
	switch strings.TrimSuffix(tokens[i+1].lower, "s") {
	case "/", "(", "request", "response", "message", "call", "post", "get", "put", "api", "endpoint", "header", "server", "client", "method",
		"v3", "node", "object", "viewer", "router", "studie", "image", "file":
		return false
	}
	return true
}

// overPlain reports whether the part r of the sentence, or what stands before it,
// says that something goes over a plain protocol.
func (x *extractor) overPlain(s *sentence, r span) bool {
	if x.modal(s) || secured(strings.ToLower(x.text[r.from:r.to])) {
		return false
	}
	for i := 1; i < len(s.tokens); i++ {
		if s.tokens[i].start >= r.to || !plainAt(s.tokens, i) || x.negated(s, i) {
			continue
		}
		switch s.tokens[i-1].lower {
		case "over", "via", "using", "through", "by", "plain", "with":
			return true
		}
	}
	return false
}

// settlePlain states that flows over a plain protocol are not encrypted, where
// nothing else in the text speaks of it.
func (x *extractor) settlePlain() {
	for _, f := range x.flows {
		if _, known := f.controls[stride.EncryptionInTransit]; !known && f.plain != nil {
			setControl(f.controls, finding{name: stride.EncryptionInTransit, state: stride.ControlAbsent}, *f.plain)
		}
	}
}
