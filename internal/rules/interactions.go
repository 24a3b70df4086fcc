package rules

import (
	"slices"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// interactions holds the attacks that need both ends of a flow to be seen: a
// protocol that proves no sender, orders of several senders at one receiver, a gate
// that can be walked round.
// Source: STRIDE per interaction (Shostack, Threat Modeling, 2014, chapter 3).
var interactions = []Rule{
	{
		ID: "flow-unproven-sender", Category: stride.Spoofing,
		Title: "Impostor in place of {source} believed by {dest} over {protocol}",
		Actor: "Anybody who reaches {dest} on the network", Action: "send {dest} messages in the name of {source}, or ask it for data as {source} does",
		Fact: "{protocol} proves no sender by itself", Lack: "authentication of the peers below or above it", Effect: "forged records and orders taken for genuine, and data handed to strangers",
		Ask:     "What makes {dest} sure that it talks to {source}: TLS with client certificates, a tunnel between both?",
		Control: stride.MutualAuthentication, Also: []stride.ControlName{stride.Authentication, stride.EncryptionInTransit},
		Terms: []string{"client certificate", "mTLS", "IPsec", "VPN"}, Risk: risk(3, 3), Sensitive: true, Most: 4,
		CWE: []string{"CWE-306", "CWE-290"}, CAPEC: []string{"CAPEC-151"},
		Fixes: fixes(fix("Run {protocol} between {source} and {dest} over TLS with certificates of both, list the peers that {dest} accepts, and filter its port to them.", "ASVS 12.3.5", "CWE-306")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.unprovenProtocol() != "" && !e.from.person() && !e.to.person() && !e.to.is("field_bus", "log_store") && !e.encrypted()
		},
	},
	{
		ID: "flow-mixed-orders", Category: stride.ElevationOfPrivilege,
		Title: "{source} orders from {dest} what only others may",
		Actor: "Somebody who took over one of the senders", Action: "send {dest} commands that belong to another of its senders",
		Fact: "{dest} takes commands from {senders}", Lack: "authorization per sender and command", Effect: "every command of {dest} open to whoever holds the weakest of its senders",
		Ask:     "Which sender may order what from {dest}, and does it check that for each command?",
		Control: stride.Authorization, Also: []stride.ControlName{stride.LeastPrivilege},
		Terms: []string{"per-sender rights", "topic rights", "access control list"}, Risk: risk(3, 3), Most: 3,
		CWE: []string{"CWE-862"}, CAPEC: []string{"CAPEC-122"},
		Fixes: fixes(fix("Give each sender of {dest} an identity and a list of commands, check both for each command, and log sender and command.", "ASVS 8.2.1", "CWE-862")),
		at:    atReceiver,
		flow: func(e *edge) bool {
			return e.orders() && !e.to.person() && !e.to.bus() && len(e.to.orderers()) > 1
		},
		Silences: []string{"device-unaccounted-motion"},
	},
	{
		ID: "flow-round-the-gate", Category: stride.ElevationOfPrivilege,
		Title: "{dest} called past the sign-in at {source}",
		Actor: "An intruder on any other part of the same network", Action: "call {dest} directly, with a user and role of their own choice",
		Fact: "{source} signs callers in and {dest} lies behind it", Lack: "network path that is closed to others", Effect: "requests in any user's name that no check has seen",
		Ask:     "Can anything but {source} open a connection to {dest}, and does {dest} check the user's token by itself?",
		Control: stride.NetworkIsolation, Also: []stride.ControlName{stride.MutualAuthentication},
		Terms: []string{"network policy", "mTLS", "private subnet"}, Risk: risk(2, 4), Most: 3,
		CWE: []string{"CWE-288"}, CAPEC: []string{"CAPEC-115"},
		Fixes: fixes(fix("Admit {source} alone to {dest} by network policy or mutual TLS, and verify the user's signed token in {dest} again.", "ASVS 8.3.1", "CWE-288")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.from.is("api_gateway", "reverse_proxy", "load_balancer") && e.from.signsIn() &&
				e.to.service() && !e.to.outside && !e.to.managed && !e.to.is("identity_provider", "gateway", "monitoring", "function", "webhook_receiver")
		},
		Silences: []string{"told-trusted-header"},
	},
	{
		ID: "flow-content-for-staff", Category: stride.Tampering,
		Title: "Content of strangers runs in the session of {source} at {dest}",
		Actor: "A user who fills in names, messages or files", Action: "enter script or formulas that {dest} shows to {source}",
		Fact: "{dest} shows to {source} what users outside have entered", Lack: "encoding of what is shown", Effect: "actions with the rights of {source}, taken by a stranger",
		Ask:     "Does {dest} encode what users entered, also in exports and mails to {source}?",
		Control: stride.OutputEncoding, Also: []stride.ControlName{stride.InputValidation},
		Terms: []string{"output encoding", "sanitize", "Content-Security-Policy"}, Risk: risk(3, 4), Most: 2,
		CWE: []string{"CWE-79"}, CAPEC: []string{"CAPEC-63"},
		Fixes: fixes(fix("Encode in {dest} everything that users entered, escape formulas in exports, and send a Content-Security-Policy on its pages.", "ASVS 1.2.1", "CWE-79")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.from.insider() && e.to.is("web_app", "admin_interface") && !e.to.managed && e.to.showsStrangers()
		},
		Silences: []string{"web-cross-site-scripting"},
	},
	{
		ID: "flow-disputed-exchange", Category: stride.Repudiation,
		Title: "{source} disputes what it sent to {dest}",
		Actor: "{source}, or somebody inside of either side", Action: "deny or change afterwards what passed from {source} to {dest}",
		Fact: "two owners act on {data} of this flow", Lack: "signed record of what was exchanged", Effect: "charges, limits or records that neither side can prove",
		Ask:     "What proves to both sides, months later, what {source} sent to {dest} and when?",
		Control: stride.AuditLogging, Also: []stride.ControlName{stride.IntegrityCheck, stride.LogIntegrity},
		Terms: []string{"signed message", "receipt", "message log"}, Risk: risk(2, 3), Most: 2,
		CWE: []string{"CWE-778"}, CAPEC: []string{"CAPEC-268"},
		Fixes: fixes(fix("Number and sign messages from {source}, answer each with a signed receipt of {dest}, and keep both where neither side can change them.", "ASVS 16.2.1", "CWE-778")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			partner := e.from.is("third_party") || e.from.Kind == stride.ExternalEntity && !e.from.is("human", "client", "payment_service", "identity_provider", "llm") && len(e.from.tags) > 0
			return partner && e.to.service() && !e.to.outside && !e.to.is("webhook_receiver") &&
				anyClass(e.Data, []stride.DataClass{stride.DataPayment, stride.DataCommands, stride.DataHealth, stride.DataBusiness})
		},
	},
	{
		ID: "flow-reconnect-storm", Category: stride.DenialOfService,
		Title: "All of {source} reconnect at once and overload {dest}",
		Actor: "An outage, a bad release, or an attacker who cuts the line", Action: "have every {source} come back to {dest} at the same moment",
		Fact: "many of them keep a connection to {dest}", Lack: "limit on new connections", Effect: "a {dest} that stays down as long as they keep trying",
		Ask:     "Do reconnects of {source} wait for a random time, and how many new connections a second does {dest} take?",
		Control: stride.RateLimiting, Also: []stride.ControlName{stride.Quotas},
		Terms: []string{"back-off", "jitter", "connection limit"}, Risk: risk(3, 3), Most: 2,
		CWE: []string{"CWE-770"}, CAPEC: []string{"CAPEC-125"},
		Fixes: fixes(fix("Let {source} wait a random, growing time before it reconnects, bound handshakes per second at {dest}, and shed load before authentication.", "CWE-770")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.from.is("iot_device", "vehicle", "robot", "agent") && e.from.counted() && e.to.service() && e.to.is("gateway", "api", "message_bus") && !e.to.bus()
		},
	},
	{
		ID: "flow-stepping-stone", Category: stride.ElevationOfPrivilege,
		Title: "Takeover of {target} opens {reached}",
		Actor: "An attacker who finds a flaw in {target} by way of {callers}", Action: "use the connections and credentials of {target} against {reached}",
		Fact: "it holds what opens {reached}", Lack: "least privilege of {target} at them", Effect: "one broken service becoming all that stands behind it",
		Ask:     "What may {target} do at each of {reached}, and with which credential?",
		Control: stride.LeastPrivilege, Also: []stride.ControlName{stride.Sandboxing},
		Terms: []string{"least privilege", "scoped credential", "separate role"}, Risk: risk(2, 4), Most: 2,
		CWE: []string{"CWE-250"}, CAPEC: []string{"CAPEC-233"},
		Fixes:   fixes(fix("Give {target} a credential of its own for each of {reached}, limited to the operations it needs, and cut its network to these peers.", "ASVS 13.2.2", "CWE-250")),
		common:  true,
		element: (*node).steppingStone,
	},
}

// reached returns the parts of the system that n talks to, without people, clients
// and what everything writes to.
func (n *node) reached() []*node {
	var out []*node
	for _, e := range n.out {
		if !e.to.person() && !e.to.OutOfScope && !e.to.is("client", "log_store", "monitoring", "config_store") && !slices.Contains(out, e.to) {
			out = append(out, e.to)
		}
	}
	return out
}

// reachedFrom is how many parts a service has to open before its takeover is worth
// a word.
const reachedFrom = 2

// steppingStone reports whether n is a service of no special kind between somebody
// who calls it and several parts that it opens, one of which keeps or does what
// matters.
func (n *node) steppingStone() bool {
	if !n.service() || n.outside || n.managed || len(n.in) == 0 || len(n.Tags) > 1 || len(n.Tags) == 1 && n.Tags[0] != "service" {
		return false
	}
	reached := n.reached()
	return len(reached) >= reachedFrom && slices.ContainsFunc(reached, func(c *node) bool {
		return c.precious() || c.is("device", "payment_service", "secret_store", "database")
	}) && !n.calledBy((*node).store)
}

// signsIn reports whether the source says that n checks who its callers are.
func (n *node) signsIn() bool {
	return n.Controls.State(stride.Authentication) == stride.ControlPresent || n.is("api_gateway") && n.told("authenticates", "jwt", "oidc", "sso", "oauth2")
}

// unproven lists protocols that carry no proof of the sender and no encryption, by
// how sources write them.
var unproven = []struct{ name, stem string }{
	{"DICOM", "dicom"},
	{"HL7", "hl7"},
	{"MLLP", "mllp"},
	{"Modbus", "modbus"},
	{"DNP3", "dnp3"},
	{"BACnet", "bacnet"},
	{"S7", "s7comm"},
	{"MAVLink", "mavlink"},
	{"SNMP", "snmp"},
	{"TFTP", "tftp"},
	{"FTP", "ftp"},
	{"Telnet", "telnet"},
	{"RTSP", "rtsp"},
}

// unprovenProtocol names the protocol of e that proves no sender, by the protocol
// itself or by what is said of the flow beside the names of its ends; else "".
func (e *edge) unprovenProtocol() string {
	if len(e.words) == 0 && e.Protocol == "" {
		return ""
	}
	protocol := wordsIn(e.Protocol)
	for _, p := range unproven {
		named := slices.Contains(e.from.words, p.stem) || slices.Contains(e.to.words, p.stem)
		if slices.Contains(protocol, p.stem) || !named && slices.Contains(e.words, p.stem) {
			return p.name
		}
	}
	return ""
}

// orders reports whether e carries commands.
func (e *edge) orders() bool {
	return anyClass(e.Data, []stride.DataClass{stride.DataCommands}) || e.says("command")
}

// orderers returns the names of those who send commands to n, each once.
func (n *node) orderers() []string {
	var out nameList
	for _, e := range n.in {
		if e.orders() && !e.from.store() {
			out.add(e.from.Name)
		}
	}
	return out.names
}

// showsStrangers reports whether n shows what people outside enter: they use it
// themselves, or a service that shares a store with it.
func (n *node) showsStrangers() bool {
	return n.public() || slices.ContainsFunc(n.stores(), func(s *node) bool {
		public := func(c *node) bool { return c != n && c.public() }
		return s.calledBy(public) || s.calls(public)
	})
}

// stores returns the data stores beside n.
func (n *node) stores() []*node {
	var out []*node
	for _, e := range n.out {
		if e.to.servedStore() {
			out = append(out, e.to)
		}
	}
	for _, e := range n.in {
		if e.from.servedStore() {
			out = append(out, e.from)
		}
	}
	return out
}

// counted reports whether the source speaks of many of n.
func (n *node) counted() bool {
	return n.quoted.holds("fleet", "thousand", "hundred", "000", "dozen", "millions") || n.named("fleet", "robots", "vehicles", "devices", "points", "meters", "agents")
}
