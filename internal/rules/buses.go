package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// buses holds the attacks on the media on which parts of a device talk: field
// buses, robot middleware and radio links.
var buses = []Rule{
	{
		ID: "device-bus-injection", Category: stride.Spoofing,
		Title: "Rogue participant on {target}",
		Actor: "Anybody attached to {target}, or a compromised component on it", Action: "send messages under another component's identity",
		Fact: "components trust what they hear there", Lack: "authentication of participants", Effect: "unsafe commands and false state",
		Ask:     "Does {target} authenticate participants and restrict who may publish what?",
		Control: stride.Authentication, Also: []stride.ControlName{stride.MutualAuthentication, stride.NetworkIsolation},
		Terms: []string{"SROS", "DDS security", "authenticated", "SecOC"}, Risk: risk(3, 4), Most: 3, CWE: []string{"CWE-290", "CWE-300"}, CAPEC: []string{"CAPEC-594"},
		Fixes:   fixes(fix("Turn on authentication and per-topic access control on {target} (DDS Security, SecOC), and part safety-critical segments by a gateway.", "CWE-300", "CWE-290")),
		element: (*node).bus,
	},
	{
		ID: "device-bus-alteration", Category: stride.Tampering,
		Title: "Messages on {target} altered, reordered or replayed on the way",
		Actor: "A component or wire tap between sender and receiver", Action: "hold back messages on {target} and pass them on altered, out of order or a second time",
		Fact: "receivers act on the last message they got", Lack: "integrity check with a counter", Effect: "actions and state that no sender asked for",
		Ask:     "Do messages on {target} carry a code and a counter that receivers check?",
		Control: stride.IntegrityCheck, Also: []stride.ControlName{stride.ReplayProtection, stride.MutualAuthentication, stride.EncryptionInTransit},
		Terms: []string{"MAC", "counter", "signed", "SecOC"}, Risk: risk(2, 4), Most: 3, CWE: []string{"CWE-924", "CWE-294"}, CAPEC: []string{"CAPEC-384"},
		Fixes:   fixes(fix("Protect safety-relevant messages on {target} by a message code with a freshness counter (SecOC, DDS Security SIGN) and drop late ones.", "CWE-924", "CWE-294")),
		element: (*node).bus,
		Measure: "message codes and counters on buses", singled: ofElement(func(n *node) bool {
			return !n.design.outspoken || n.published() || n.told("replay", "sequence", "counter")
		}),
	},
	{
		ID: "device-bus-blocking", Category: stride.DenialOfService,
		Title: "{target} blocked by one participant",
		Actor: "A compromised or faulty component", Action: "saturate {target} so that other messages come late or never",
		Fact: "control loops need them in time", Lack: "limit per participant", Effect: "loss of control and safety stops",
		Ask:     "What keeps one participant from saturating {target}?",
		Control: stride.RateLimiting, Also: []stride.ControlName{stride.Quotas, stride.NetworkIsolation},
		Terms: []string{"rate limit", "priority", "bandwidth"}, Risk: risk(2, 4), Most: 3, CWE: []string{"CWE-400"}, CAPEC: []string{"CAPEC-125"},
		Fixes:   fixes(fix("Bound rate and priority per participant of {target}, watch for missing messages, and fall back to a safe state.", "CWE-400")),
		element: (*node).bus,
	},
	{
		ID: "device-bus-eavesdropping", Category: stride.InformationDisclosure,
		Title: "Unauthorised listener on {target}",
		Actor: "Anybody attached to {target}, or a compromised component on it", Action: "listen to everything that passes on {target}",
		Fact: "messages there reach every participant", Lack: "encryption of the channel", Effect: "disclosure of readings and commands",
		Ask:     "Are messages on {target} encrypted, or may every participant read all of them?",
		Control: stride.EncryptionInTransit, Terms: []string{"encrypted", "SROS", "DDS security"}, Risk: risk(2, 3), Sensitive: true, Most: 3,
		CWE: []string{"CWE-319"}, CAPEC: []string{"CAPEC-157"},
		Fixes:   fixes(fix("Encrypt topics of {target} that carry sensitive data and restrict who may subscribe.", "CWE-319")),
		element: (*node).bus,
	},
	{
		ID: "device-bus-discovery", Category: stride.InformationDisclosure,
		Title: "Participants of {target} enumerated and fingerprinted",
		Actor: "Anybody on the same network", Action: "ask the discovery service of {target} for its nodes, topics and versions",
		Fact: "discovery answers whoever asks", Lack: "authentication before discovery", Effect: "a map of the device that prepares further attacks",
		Ask:     "Is discovery on {target} limited to known, authenticated participants?",
		Control: stride.Authentication, Also: []stride.ControlName{stride.NetworkIsolation},
		Terms: []string{"discovery", "DDS security", "isolated network"}, Risk: risk(3, 2), Most: 2, CWE: []string{"CWE-497"}, CAPEC: []string{"CAPEC-574"},
		Fixes: fixes(fix("Protect discovery on {target} (DDS Security discovery_protection_kind ENCRYPT, unicast peers only) and keep it off shared networks.", "CWE-497")),
		element: func(n *node) bool {
			return n.is("robot_middleware") && n.published() || n.is("field_bus") && n.named("opc", "bacnet")
		},
	},
	{
		ID: "device-faulty-component", Category: stride.Tampering,
		Title: "Faulty component writes wrong data to {target}",
		Actor: "A component with a defect", Action: "accidentally publish incorrect or out-of-range values on {target}",
		Fact: "other components act on them", Lack: "validation by the receivers", Effect: "wrong or unsafe action without any attacker",
		Ask:     "Do the receivers on {target} check range, rate and age of values before they act?",
		Control: stride.InputValidation, Also: []stride.ControlName{stride.IntegrityCheck},
		Terms: []string{"range check", "plausibility", "watchdog"}, Risk: risk(2, 4), Most: 3,
		CWE: []string{"CWE-20", "CWE-1284"}, CAPEC: []string{"CAPEC-153"},
		Fixes:   fixes(fix("Check range, rate and age of each value from {target} in its receiver and stop safely on nonsense.", "ASVS 2.2.1", "CWE-1284")),
		element: (*node).bus,
		Measure: "checks of values by their receivers", singled: ofElement(func(n *node) bool { return !n.design.outspoken || n.published() }),
	},
	{
		ID: "device-bus-pivot", Category: stride.ElevationOfPrivilege,
		Title: "From {target} onto the internal bus",
		Actor: "An attacker who took over {target} by its radio, its port or its apps", Action: "send frames of their own from {target} to the control units behind it",
		Fact: "it joins the outside with the bus", Lack: "filter between both", Effect: "parts that move or switch commanded from outside",
		Ask:     "Which frames may {target} send to the bus, and which part refuses the others?",
		Control: stride.NetworkIsolation, Also: []stride.ControlName{stride.LeastPrivilege},
		Terms: []string{"gateway", "firewall", "allow-list of frames"}, Risk: risk(2, 4), Most: 3, CWE: []string{"CWE-653", "CWE-923"}, CAPEC: []string{"CAPEC-700"},
		Fixes: fixes(fix("Put a gateway with an allow-list of frames between {target} and the drive bus, give {target} no diagnostic rights, and alert on frames that it never sends.", "CWE-653")),
		element: func(n *node) bool {
			return n.has("field_bus") && n.has("vehicle", "robot") && (n.machine() || n.is("wireless")) &&
				n.named("telematics", "tcu", "infotainment", "head", "obd", "dongle", "gateway", "modem", "connectivity")
		},
		reserved: true,
	},
	{
		ID: "device-jamming", Category: stride.DenialOfService,
		Title: "Radio link {target} jammed",
		Actor: "Somebody within radio range", Action: "jam {target} or force devices off it",
		Lack: "fallback when the link is lost", Effect: "loss of remote control and of telemetry",
		Ask:     "What do the devices do when {target} is lost?",
		Control: stride.Redundancy, Terms: []string{"fallback", "second link", "safe state"}, Risk: risk(3, 3), Most: 3, CWE: []string{"CWE-400"}, CAPEC: []string{"CAPEC-601"},
		Fixes: fixes(fix("Define a safe state for the loss of {target}, offer a second link, and detect deauthentication (802.11w).", "CAPEC-601")),
		element: func(n *node) bool {
			return n.is("wireless") && !n.named("broadcast", "beacon", "nfc", "rfid") && !n.told("ethernet", "wired", "cable", "cables")
		},
	},
	{
		ID: "device-radio-interception", Category: stride.InformationDisclosure,
		Title: "Interception and hijacking of {target}",
		Actor: "Somebody within radio range", Action: "listen to {target} or lure devices to a sender of their own",
		Lack: "encryption of the link with authenticated peers", Effect: "disclosure of what the devices exchange, and forged messages to them",
		Ask:     "Which encryption and authentication does {target} use?",
		Control: stride.EncryptionInTransit, Terms: []string{"WPA3", "WPA2", "TLS", "pairing"}, Risk: risk(3, 3), Most: 3, CWE: []string{"CWE-300"}, CAPEC: []string{"CAPEC-615"},
		Fixes: fixes(fix("Use WPA3-Enterprise or authenticated pairing on {target} and TLS above it.", "ASVS 12.2.1", "CWE-300")),
		element: func(n *node) bool {
			return n.is("wireless") && !n.carried() && !n.named("rfid", "nfc", "infrared", "irda")
		},
	},
	{
		ID: "device-open-radio", Category: stride.ElevationOfPrivilege,
		Title: "Anybody in range joins {target}",
		Actor: "Somebody nearby with an ordinary laptop", Action: "join {target} and talk to all that answers there",
		Fact: "it asks nobody who joins", Lack: "authentication of who joins", Effect: "the parts behind it open to whoever stands outside of the building",
		Ask:     "What must a device know or hold before {target} lets it join, and what can a guest reach?",
		Control: stride.Authentication, Also: []stride.ControlName{stride.MutualAuthentication, stride.NetworkIsolation},
		Terms: []string{"WPA2", "WPA3", "802.1X", "guest network"}, Risk: risk(3, 3), Most: 2, CWE: []string{"CWE-306"}, CAPEC: []string{"CAPEC-115"},
		Fixes: fixes(fix("Protect {target} by WPA3 or 802.1X with a credential per device, and keep guests on a network without a way to the rest.", "CWE-306")),
		tell:  (*node).openRadio,
		element: func(n *node) bool {
			_, told := n.openRadio()
			return n.is("wireless") && (told || n.Controls.State(stride.Authentication) == stride.ControlAbsent)
		},
		Silences: []string{"told-trusted-place"},
	},
	{
		ID: "device-short-range-exploit", Category: stride.ElevationOfPrivilege,
		Title: "Flaw in the radio stack of {target} runs code on the device",
		Actor: "Somebody within a few metres", Action: "send crafted frames over {target} that exploit its protocol stack",
		Fact: "the stack parses frames before any pairing", Lack: "patching and confinement of it", Effect: "code running on the device without any credential",
		Ask:     "Which radio stack serves {target}, how is it patched, and is it switched off when unused?",
		Control: stride.Sandboxing, Also: []stride.ControlName{stride.InputValidation},
		Terms: []string{"patched", "firmware update", "disabled when unused"}, Risk: risk(2, 4), Most: 2, CWE: []string{"CWE-20", "CWE-1395"}, CAPEC: []string{"CAPEC-100"},
		Fixes: fixes(fix("Patch the stack behind {target} through signed updates, confine it from control software, and be connectable only while pairing.", "CWE-1395", "CWE-20")),
		element: func(n *node) bool {
			return n.is("wireless") && n.named("bluetooth", "ble", "zigbee", "wave", "thread")
		},
	},
}
