package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// motion holds the attacks on what senses and moves: sensors, actuators, the
// commands between them and the people who steer.
var motion = []Rule{
	{
		ID: "device-spoofed-sensor", Category: stride.Spoofing,
		Title: "False readings from {target}",
		Actor: "Somebody near {target} or on its cable", Action: "feed {target} false signals or replace it",
		Fact: "decisions rest on its readings", Lack: "integrity check of the readings", Effect: "{harm}",
		Ask:     "Are readings of {target} authenticated or checked against another source?",
		Control: stride.IntegrityCheck, Also: []stride.ControlName{stride.Authentication, stride.Redundancy},
		Terms: []string{"plausibility", "redundant sensor", "authenticated"}, Risk: risk(2, 4), Most: 3, CWE: []string{"CWE-345"}, CAPEC: []string{"CAPEC-194"},
		Fixes:   fixes(fix("Authenticate {target} to its reader, check plausibility against a second source, and fall back to a safe state.", "CWE-345", "CWE-1384")),
		element: func(n *node) bool { return n.is("sensor") },
	},
	{
		ID: "device-spoofed-position", Category: stride.Spoofing,
		Title: "Counterfeit satellite signals shift the position from {target}",
		Actor: "Somebody with a transmitter nearby", Action: "send satellite signals stronger than the real ones to {target}",
		Fact: "civil satellite signals carry no proof of origin", Lack: "check against a second source", Effect: "a position that is wrong, with routes, fences and records built on it",
		Ask:     "Which second source (inertial, odometry, network) checks the position from {target}?",
		Control: stride.IntegrityCheck, Also: []stride.ControlName{stride.Redundancy},
		Terms: []string{"dead reckoning", "plausibility", "multi-constellation"}, Risk: risk(2, 4), Silences: []string{"device-spoofed-sensor"}, CWE: []string{"CWE-345", "CWE-1384"}, CAPEC: []string{"CAPEC-627"},
		Fixes:   fixes(fix("Check the position from {target} against inertial sensors and map, use receivers with spoofing detection, and slow down or stop on conflict.", "CWE-345", "CAPEC-627")),
		element: func(n *node) bool { return n.is("sensor") && n.named("gps", "gnss", "satellite") },
	},
	{
		ID: "device-blinded-sensor", Category: stride.DenialOfService,
		Title: "{target} blinded from outside",
		Actor: "Somebody in the field of view or radio range of {target}", Action: "dazzle, cover or jam {target}",
		Fact: "{target} senses the open world", Lack: "second way to sense the same", Effect: "obstacles or positions that go unseen",
		Ask:     "What happens when {target} sees nothing, and is that noticed?",
		Control: stride.Redundancy, Also: []stride.ControlName{stride.Monitoring},
		Terms: []string{"redundant", "degraded mode", "sensor fusion"}, Risk: risk(2, 3), Most: 3, CWE: []string{"CWE-1384"}, CAPEC: []string{"CAPEC-601"},
		Fixes:   fixes(fix("Fuse {target} with a sensor of another principle, detect saturation and loss, and fall back to a safe state.", "CWE-1384")),
		element: (*node).eye,
	},
	{
		ID: "device-sensor-recording", Category: stride.InformationDisclosure,
		Title: "Recordings from {target} taken out of the device",
		Actor: "A compromised component, or whoever gets the stream of {target}", Action: "send what {target} records to a place of their own",
		Fact: "{target} records people and surroundings", Lack: "restriction of who may read the stream", Effect: "images, voices or plans of the place in strangers' hands",
		Ask:     "Which components and people may read the stream of {target}, and where is it kept?",
		Control: stride.Authorization,
		Terms:   []string{"access control", "egress", "encrypted"}, Risk: risk(2, 3), Most: 3, CWE: []string{"CWE-359", "CWE-200"}, CAPEC: []string{"CAPEC-634"},
		Fixes:   fixes(fix("Give the stream of {target} to named components only, allow no egress but to the known backend, and show when it records.", "CWE-359", "ASVS 14.2.4")),
		element: func(n *node) bool { return n.is("sensor") && n.named("camera", "microphone", "lidar") },
	},
	{
		ID: "device-forged-command", Category: stride.Tampering,
		Title: "Forged or altered commands to {target}",
		Actor: "An attacker on the bus or network", Action: "send, alter or replay commands to {target}",
		Fact: "a physical process follows them", Lack: "authentication of commands", Effect: "unsafe behaviour or damage that nobody ordered",
		Ask:     "How does {target} know that a command is genuine and fresh?",
		Control: stride.Authentication, Also: []stride.ControlName{stride.IntegrityCheck, stride.MutualAuthentication},
		Terms: []string{"authenticated", "signed command", "MAC"}, Risk: risk(3, 4), Most: 3, CWE: []string{"CWE-306", "CWE-294"}, CAPEC: []string{"CAPEC-594"},
		Fixes: fixes(fix("Authenticate commands to {target} with a counter, enforce limits in its own firmware, and stop safely when commands stop.", "CWE-306", "CWE-294")),
		element: func(n *node) bool {
			return n.moving() || n.thing() && (n.is("controller") && !n.operatorView() && !n.named("historian", "workstation", "server"))
		},
	},
	{
		ID: "device-recorded-command", Category: stride.InformationDisclosure,
		Title: "Commands to {target} recorded to reconstruct its work",
		Actor: "Somebody with a tap on the wire or bus", Action: "record the commands to {target}",
		Fact: "motion and position follow from them", Lack: "encryption of that link", Effect: "disclosure of routes, programs and production secrets",
		Ask:     "Can the link that carries commands to {target} be tapped, and is it encrypted?",
		Control: stride.EncryptionInTransit,
		Terms:   []string{"encrypted", "enclosed wiring"}, Risk: risk(2, 2), Most: 2, CWE: []string{"CWE-319"}, CAPEC: []string{"CAPEC-157"},
		Fixes: fixes(fix("Run the wiring of {target} inside of the enclosure, encrypt commands that leave it, and keep position out of broadcast topics.", "CWE-319")),
		element: func(n *node) bool {
			return n.moving() && n.ofRobot() && n.has("robot", "vehicle") && !n.has("field_bus", "robot_middleware") // there the listener on the bus has them
		},
		reserved: true,
		home:     (*design).robotic,
	},
	{
		ID: "device-counterfeit-part", Category: stride.Spoofing,
		Title: "Counterfeit part in place of {target}",
		Actor: "Somebody with access during maintenance or supply", Action: "fit a look-alike in place of {target} that reports false state or obeys somebody else",
		Fact: "parts are swapped over its life", Lack: "identity check of parts", Effect: "motion that the controller did not order and cannot see",
		Ask:     "Does the controller verify the identity of {target} before it uses it?",
		Control: stride.Authentication, Also: []stride.ControlName{stride.MutualAuthentication, stride.PhysicalProtection},
		Terms: []string{"certificate", "pairing of parts", "serial number"}, Risk: risk(1, 4), Most: 2, CWE: []string{"CWE-1357", "CWE-287"}, CAPEC: []string{"CAPEC-531"},
		Fixes: fixes(fix("Give {target} a certificate that the controller checks at start, and check its feedback against what was ordered.", "CWE-287", "CAPEC-531")),
		element: func(n *node) bool {
			return n.moving() && n.ofRobot() && n.has("robot", "vehicle", "robot_middleware") && n.told("spare", "replace", "replaced", "swap", "swapped", "maintenance", "supplier", "suppliers", "vendor", "joint", "joints", "module", "modular", "modules")
		},
		reserved: true,
	},
	{
		ID: "device-unsafe-command", Category: stride.Tampering,
		Title: "Commands beyond safe limits from {source} reach {dest}",
		Actor: "A hijacked or mistaken {source}", Action: "order values or states that {dest} must never reach",
		Fact: "{source} is allowed to command it", Lack: "check of limits at {dest}", Effect: "{harm} by commands that look legitimate",
		Ask:     "Does {dest} refuse commands outside of safe limits, whoever sends them?",
		Control: stride.InputValidation, Terms: []string{"limits", "envelope", "range check"}, Risk: risk(2, 4), Most: 3,
		CWE: []string{"CWE-1284", "CWE-20"}, CAPEC: []string{"CAPEC-153"},
		Fixes: fixes(fix("Enforce the limits of {dest} in its own firmware, below anything that {source} can change, and report refused commands.", "CWE-1284")),
		at:    atFlowAndReceiver,
		flow:  func(e *edge) bool { return e.commands() && !e.to.bus() && !e.from.store() },
	},
	{
		ID: "device-false-stop", Category: stride.DenialOfService,
		Title: "Emergency stop of {target} triggered at will",
		Actor: "An attacker on the control network, or a jammer of the stop signal", Action: "send stop commands, or break the link whose loss means stop, again and again",
		Fact: "a stop always wins", Lack: "authentication of stop commands", Effect: "a {target} that stands still, and operators who learn to bypass the stop",
		Ask:     "Who can stop {target} remotely, how is that authenticated, and is each stop recorded with its cause?",
		Control: stride.Authentication, Also: []stride.ControlName{stride.IntegrityCheck, stride.Monitoring},
		Terms: []string{"emergency stop", "safety channel", "authenticated"}, Risk: risk(2, 3), Most: 1, CWE: []string{"CWE-306"}, CAPEC: []string{"CAPEC-603"},
		Fixes: fixes(fix("Wire the emergency stop of {target} apart from the data network, authenticate remote stops, and alert on repeated ones.", "CWE-306")),
		element: func(n *node) bool {
			return n.is("robot", "vehicle") && n.Kind == stride.Process && (n.has("actuator", "controller", "field_bus", "robot_middleware") || n.receives(stride.DataCommands))
		},
		Measure: "authentication of stop commands", singled: ofElement(func(n *node) bool { return n.design.stops }),
		about:    []string{"stop", "emergency", "estop", "kill"},
		reserved: true,
	},
	{
		ID: "device-operator-terminal", Category: stride.ElevationOfPrivilege,
		Title: "Terminal {source} taken over drives {dest}",
		Actor: "Malware on {source}, or whoever finds it unlocked", Action: "use the credentials and the connection there to command {dest}",
		Fact: "{source} commands {dest} from afar", Lack: "sign-in at the moment of control", Effect: "motion that no operator ordered",
		Ask:     "How does an operator prove who they are when they take control of {dest} through {source}?",
		Control: stride.MultiFactor, Also: []stride.ControlName{stride.SessionManagement},
		Terms: []string{"operator sign-in", "lock screen", "dead-man switch"}, Risk: risk(2, 4), Most: 3, CWE: []string{"CWE-522", "CWE-306"}, CAPEC: []string{"CAPEC-560"},
		Fixes: fixes(fix("Ask for a personal sign-in and a dead-man control before {source} may move {dest}, keep its credentials in hardware, and end idle sessions.", "ASVS 6.3.3", "CWE-522")),
		at:    atFlow,
		flow: func(e *edge) bool {
			return e.to.is("robot", "vehicle", "controller", "robot_middleware") && !e.from.bus() &&
				(e.from.is("desktop_app", "mobile_app", "browser", "web_app", "mobile_device", "command_line") || e.from.steers() && !e.from.person())
		},
	},
	{
		ID: "device-unaccounted-motion", Category: stride.Repudiation,
		Title: "Nobody can tell who commanded {dest}",
		Actor: "An operator or program", Action: "deny the command after which {dest} caused damage",
		Fact: "several may command {dest}", Lack: "record of commands with their senders", Effect: "accidents without a cause and misuse without a culprit",
		Ask:     "Are commands to {dest} recorded with sender and time, where the device cannot alter them?",
		Control: stride.AuditLogging, Also: []stride.ControlName{stride.LogIntegrity},
		Terms: []string{"command log", "black box", "audit"}, Risk: risk(2, 3), Most: 2, CWE: []string{"CWE-778"}, CAPEC: []string{"CAPEC-195"},
		Fixes: fixes(fix("Record each command to {dest} with sender, time and outcome in an append-only log, copied off the device.", "ASVS 16.2.1", "CWE-778")),
		at:    atReceiver,
		flow:  func(e *edge) bool { return e.commands() && e.to.machine() && e.to.readers() > 1 },
	},
}
