package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// industrial holds the attacks on plants: controllers, the stations that program
// and watch them, and the ways in from the office and from vendors.
// Source: MITRE ATT&CK for ICS; IEC 62443.
var industrial = []Rule{
	{
		ID: "ot-altered-logic", Category: stride.Tampering,
		Title: "Control program of {target} replaced",
		Actor: "An intruder on the control network with the vendor's free tool", Action: "download a changed program into {target}",
		Fact: "{target} accepts programs from any station that speaks its protocol", Lack: "authentication of downloads", Effect: "a process that runs outside of its limits while the values look right",
		Ask:     "Does {target} ask for a password or key switch before it takes a program, and is the running program compared with the approved one?",
		Control: stride.Authentication, Also: []stride.ControlName{stride.IntegrityCheck, stride.CodeSigning, stride.PhysicalProtection},
		Terms: []string{"key switch", "run mode", "project password", "signed program"}, Risk: risk(2, 4), Most: 2, CWE: []string{"CWE-306", "CWE-494"}, CAPEC: []string{"CAPEC-638"},
		Fixes:   fixes(fix("Keep {target} in run mode by key switch, turn on protection of downloads, and compare the running program with the approved one every day.", "CWE-306", "CWE-494")),
		element: (*node).plant,
	},
	{
		ID: "ot-engineering-station", Category: stride.ElevationOfPrivilege,
		Title: "{target} infected and used to reprogram controllers",
		Actor: "Malware from a project file, a USB stick or the office network", Action: "take over {target} and use its tools and project files",
		Fact: "it may program the controllers", Lack: "hardening of that machine", Effect: "control of the plant with legitimate tools",
		Ask:     "Is {target} cut off from mail and web, are its programs allow-listed, and are USB media checked?",
		Control: stride.Sandboxing, Also: []stride.ControlName{stride.NetworkIsolation, stride.MalwareScanning},
		Terms: []string{"allow-listing", "no internet", "USB control"}, Risk: risk(2, 4), CWE: []string{"CWE-506", "CWE-829"}, CAPEC: []string{"CAPEC-542"},
		Fixes:   fixes(fix("Allow-list programs on {target}, keep it off the office network, scan media on a separate station, and keep signed copies of project files.", "CWE-829", "CWE-506")),
		element: func(n *node) bool { return n.named("engineering") && n.named("workstation", "station", "laptop", "pc") },
	},
	{
		ID: "ot-false-view", Category: stride.Tampering,
		Title: "Operators see false values on {target}",
		Actor: "An attacker between {target} and the controllers", Action: "replay or alter the values and alarms that {target} shows",
		Fact: "people act on what {target} shows", Lack: "integrity check of those values", Effect: "wrong actions, or none, while the process leaves its limits",
		Ask:     "Can values and alarms on {target} be told from replayed ones, and is there a reading that does not pass it?",
		Control: stride.IntegrityCheck, Also: []stride.ControlName{stride.MutualAuthentication, stride.Redundancy},
		Terms: []string{"signed", "OPC UA security", "local gauge"}, Risk: risk(2, 4), Most: 2, CWE: []string{"CWE-345", "CWE-451"}, CAPEC: []string{"CAPEC-384"},
		Fixes:   fixes(fix("Use OPC UA SignAndEncrypt or DNP3-SA towards {target}, keep hard-wired gauges for critical values, and alarm on values that stand still.", "CWE-345")),
		element: (*node).operatorView,
	},
	{
		ID: "ot-lost-view", Category: stride.DenialOfService,
		Title: "{target} encrypted or down: operators run blind",
		Actor: "Ransomware that came from the office network", Action: "encrypt or stop {target}",
		Fact: "operators watch the process through {target}", Lack: "second way to watch and stop it", Effect: "a plant that has to be shut down by hand",
		Ask:     "Can operators watch and stop the process safely without {target}, and is its restore rehearsed?",
		Control: stride.Redundancy, Also: []stride.ControlName{stride.Backup, stride.NetworkIsolation},
		Terms: []string{"redundant", "manual operation", "offline backup"}, Risk: risk(2, 4), Most: 2, CWE: []string{"CWE-693"}, CAPEC: []string{"CAPEC-542"},
		Fixes:   fixes(fix("Keep offline images of {target}, rehearse manual operation, and put a firewall between office and control network that fails closed.", "CWE-693")),
		element: (*node).operatorView,
	},
	{
		ID: "ot-historian-pivot", Category: stride.ElevationOfPrivilege,
		Title: "From the office through {target} into the control network",
		Actor: "An intruder in the office network", Action: "take over {target} and go on to the controllers behind it",
		Fact: "both networks reach it", Lack: "separation by a DMZ", Effect: "control of the process from an office machine",
		Ask:     "Does {target} stand in a DMZ, with data flowing out of the control network only?",
		Control: stride.NetworkIsolation, Terms: []string{"DMZ", "data diode", "one-way"}, Risk: risk(2, 4), CWE: []string{"CWE-923", "CWE-653"}, CAPEC: []string{"CAPEC-700"},
		Fixes:   fixes(fix("Place {target} in a DMZ, push data to a replica there through a diode or one-way rule, and use no domain account on both sides.", "CWE-653")),
		element: func(n *node) bool { return n.named("historian") && !n.named("dmz") },
	},
	{
		ID: "ot-vendor-access", Category: stride.ElevationOfPrivilege,
		Title: "Remote maintenance by {source} used to get into {dest}",
		Actor: "Somebody who steals the access of {source}", Action: "connect to {dest} as {source} and change what runs there",
		Fact: "{source} is let in from outside for maintenance", Lack: "approval and end of each session", Effect: "control of the plant or device through a trusted door",
		Ask:     "Is the access of {source} to {dest} opened per session by the operator, with a second factor, and recorded?",
		Control: stride.HumanApproval, Also: []stride.ControlName{stride.MultiFactor, stride.SessionManagement},
		Terms: []string{"jump host", "session recording", "on request"}, Risk: risk(3, 4), Most: 2, CWE: []string{"CWE-308", "CWE-284"}, CAPEC: []string{"CAPEC-555"},
		Fixes: fixes(fix("Open the access of {source} on request only, through a jump host with personal accounts and a second factor, record sessions, and close it by a timer.", "ASVS 8.4.2", "CWE-308")),
		at:    atFlowAndReceiver, Silences: []string{"id-admin-takeover"},
		flow: func(e *edge) bool {
			return e.from.named("vendor", "integrator", "contractor", "supplier", "maintenance", "manufacturer") && !e.from.store() && !e.to.person() && !e.to.store() &&
				(e.to.is("device", "vpn", "gateway", "admin_interface") || e.says("remote", "vpn", "maintenance"))
		},
	},
	{
		ID: "ot-safety-override", Category: stride.Tampering,
		Title: "Safety function of {target} disabled",
		Actor: "An intruder who reaches {target} from the control network", Action: "change trip limits of {target} or put it into program mode",
		Fact: "it is the last thing between a fault and harm", Lack: "separation from the control network", Effect: "an accident that the safety system no longer stops",
		Ask:     "Is {target} on a network of its own, with a key switch, and who may change its limits?",
		Control: stride.NetworkIsolation, Also: []stride.ControlName{stride.PhysicalProtection, stride.Authentication},
		Terms: []string{"separate network", "key switch", "hard-wired"}, Risk: risk(2, 4), Silences: []string{"ot-altered-logic"}, CWE: []string{"CWE-653", "CWE-306"}, CAPEC: []string{"CAPEC-578"},
		Fixes: fixes(fix("Keep {target} on a network of its own with the key in run position, alarm on program mode, and hard-wire the last trip.", "CWE-653")),
		element: func(n *node) bool {
			return n.is("controller", "actuator") && n.named("safety", "sis", "emergency", "interlock", "estop")
		},
	},
}
