package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// tlsTerms are how descriptions speak of encryption in transit.
var tlsTerms = []string{"TLS", "HTTPS", "SSL", "encrypted", "VPN", "mTLS", "WireGuard", "IPsec", "tunnel"}

// network holds the attacks on data in motion.
var network = []Rule{
	{
		ID: "net-eavesdrop-open", Category: stride.InformationDisclosure,
		Title: "Eavesdropping on {target}",
		Actor: "An attacker on the network path", Action: "read {target} in transit",
		Fact: "it crosses {boundary}", Lack: "encryption of that traffic", Effect: "disclosure of {data} it carries",
		Ask:     "Is the traffic from {source} to {dest} encrypted in transit (for example TLS 1.2 or newer)?",
		Control: stride.EncryptionInTransit, Terms: tlsTerms, Risk: risk(3, 3), Sensitive: true,
		CWE: []string{"CWE-319"}, CAPEC: []string{"CAPEC-158"},
		Fixes: fixes(fix("Serve {dest} over TLS 1.2 or newer only, validate its certificate in {source}, and refuse plain connections.", "ASVS 12.2.1", "ASVS 12.3.1", "CWE-319")),
		at:    atFlow,
		flow: func(e *edge) bool {
			return e.open() && !e.broadcast() && !e.from.enclosed && !e.to.enclosed && !e.to.plainInside() && !e.delivered() && !e.onBoard() && !e.fetched() && !e.from.is("wireless") && !e.to.is("wireless", "field_bus")
		},
	},
	{
		ID: "net-tamper-open", Category: stride.Tampering,
		Title: "Alteration in transit of {target}",
		Actor: "An attacker on the network path", Action: "alter or inject messages into {target}",
		Fact: "it crosses {boundary}", Lack: "integrity protection of that traffic", Effect: "{dest} acting on forged requests or content",
		Ask:     "Is the traffic from {source} to {dest} protected against alteration, by TLS or by signed messages?",
		Control: stride.EncryptionInTransit, Also: []stride.ControlName{stride.IntegrityCheck}, Terms: tlsTerms, Risk: risk(3, 3),
		CWE: []string{"CWE-924"}, CAPEC: []string{"CAPEC-94"},
		Fixes: fixes(fix("Use TLS with certificate validation between {source} and {dest}; sign messages end to end where a proxy ends TLS.", "ASVS 12.2.1", "CWE-924")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.open() && !e.broadcast() && !e.from.enclosed && !e.to.enclosed && !e.to.plainInside() && !e.delivered() && !e.onBoard() && !e.fetched() && (e.to.service() || e.to.is("client", "device", "queue", "database")) && !e.from.is("wireless")
		},
	},
	{
		ID: "net-eavesdrop-internal", Category: stride.InformationDisclosure,
		Title: "Interception of internal traffic: {target}",
		Actor: "An attacker with a foothold in the network", Action: "capture requests, queries, messages and results on {target}",
		Lack: "encryption of that traffic", Effect: "disclosure of {data} and of what either side signs in with",
		Ask:     "Is the internal traffic between {source} and {dest} encrypted, or does it stay on one host?",
		Control: stride.EncryptionInTransit, Terms: tlsTerms, Risk: risk(3, 3), Sensitive: true,
		CWE: []string{"CWE-319"}, CAPEC: []string{"CAPEC-157"},
		Fixes: fixes(fix("Encrypt the connection between {source} and {dest} (TLS or a service mesh) although it is internal.", "ASVS 12.3.1", "CWE-319")),
		at:    atFlow,
		flow: func(e *edge) bool {
			return e.internal() && e.networked() && !e.to.is("config_store", "device", "field_bus") && !e.from.is("config_store", "device", "field_bus") &&
				(e.from.service() || e.to.service()) && !e.providerInternal()
		},
		Measure: "encryption of internal connections", singled: ofFlow(func(e *edge) bool { return e.drawn() || e.Protocol != "" || e.design.steered() || e.design.storing() }),
	},
	{
		ID: "net-tamper-internal", Category: stride.Tampering,
		Title: "Traffic altered inside the network: {target}",
		Actor: "An attacker on the internal network", Action: "alter {target} on the way",
		Lack: "mutual authentication of both ends", Effect: "wrong data being stored or wrong orders being carried out",
		Ask:     "Do {source} and {dest} authenticate each other (mTLS or signed requests)?",
		Control: stride.MutualAuthentication, Also: []stride.ControlName{stride.EncryptionInTransit, stride.IntegrityCheck},
		Terms: []string{"mTLS", "mutual TLS", "client certificate"}, Risk: risk(2, 3), Sensitive: true,
		CWE: []string{"CWE-300"}, CAPEC: []string{"CAPEC-94"},
		Fixes: fixes(fix("Use mutual TLS between {source} and {dest} with certificates from a private CA.", "ASVS 12.3.5", "CWE-300")),
		at:    atFlow,
		flow: func(e *edge) bool {
			return e.internal() && e.networked() && len(e.Crosses) > 0 && (e.from.service() || e.from.is("control_plane", "agent")) && (e.to.service() || e.to.database())
		},
	},
	{
		ID: "net-spoofed-server", Category: stride.Spoofing,
		Title: "Rogue endpoint posing as {dest}",
		Actor: "An attacker who controls DNS or routing", Action: "pose as {dest} towards {source}",
		Lack: "verification of whom {source} talks to", Effect: "{data} handed to a rogue endpoint, and its answers trusted",
		Ask:     "How does {source} verify that it talks to the real {dest} (certificate validation, pinning)?",
		Control: stride.MutualAuthentication, Also: []stride.ControlName{stride.EncryptionInTransit},
		Terms: []string{"certificate validation", "pinning", "mTLS"}, Risk: risk(3, 3),
		CWE: []string{"CWE-295"}, CAPEC: []string{"CAPEC-154"},
		Fixes: fixes(fix("Make {source} validate the certificate and host name of {dest} against a fixed trust anchor.", "ASVS 12.3.2", "CWE-295")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return (e.from.service() || e.from.is("agent", "device")) && !e.from.outside && !e.delivered() && (e.to.store() && !e.to.guardedByPolicy() && !e.to.is("config_store", "queue", "object_storage") || e.to.is("third_party")) &&
				e.networked() && !e.to.staticSite() && (e.open() || len(e.Crosses) > 0)
		},
		common:   true,
		reserved: true,
	},
	{
		ID: "net-store-reachable", Category: stride.ElevationOfPrivilege,
		Title: "Network path to {target} past the application",
		Actor: "An attacker who reaches the network of {target}", Action: "connect to {target} directly and work around {callers}",
		Lack: "network restriction of who may connect", Effect: "unauthorised reading and writing of {data}",
		Ask:     "Which networks can open a connection to {target}: only {callers}, or others too?",
		Control: stride.NetworkIsolation, Most: 3, Terms: []string{"firewall", "private subnet", "private network", "private endpoint", "VPC", "security group", "localhost", "same host"}, Risk: risk(3, 3), Sensitive: true,
		CWE: []string{"CWE-923"}, CAPEC: []string{"CAPEC-1"},
		Fixes:   fixes(fix("Put {target} into a private network and admit only {callers} by firewall rule.", "ASVS 13.2.1", "CWE-923")),
		Measure: "network restriction of stores", singled: ofElement(func(n *node) bool {
			return !n.direct() && (n.fronted() && (n.crossed() || n.precious()) || n.sensitive())
		}),
		element: func(n *node) bool {
			return n.networkStore() && !n.is("browser_storage") && !n.exposed() && !(n.guardedByPolicy() && n.is("database")) &&
				!n.buildCache() && (n.is("database", "cache") || n.is("file_storage") && len(n.in) > 0 || n.is("queue") && len(n.in) > 0 && !n.managed)
		},
		common: true,
	},
	{
		ID: "net-downgrade", Category: stride.InformationDisclosure,
		Title: "Encryption of {target} stripped or downgraded",
		Actor: "An attacker on the network path", Action: "answer over plain text, force an old TLS version or weak cipher, or present a false certificate on {target}",
		Fact: "encryption is stated, but not what happens when it fails", Lack: "refusal of plain connections, old versions and invalid certificates", Effect: "disclosure and alteration of {data} although encryption is on",
		Ask:     "Does {dest} refuse plain connections and old TLS versions, and does {source} stop at an invalid certificate?",
		Control: stride.FailClosed, Terms: []string{"HSTS", "minimum TLS version", "cipher suites", "certificate pinning"}, Risk: risk(3, 3), Sensitive: true,
		CWE: []string{"CWE-319", "CWE-295"}, CAPEC: []string{"CAPEC-94"},
		Fixes:   fixes(fix("Redirect nothing and close the plain port of {dest}, send HSTS, set TLS 1.2 as the least version with named cipher suites, and make {source} refuse invalid certificates.", "ASVS 12.2.1", "CWE-319")),
		at:      atFlow,
		flow:    (*edge).downgradable,
		Measure: "refusal of plain connections", singled: ofFlow((*edge).failsOpen),
		reserved: true,
	},
}
