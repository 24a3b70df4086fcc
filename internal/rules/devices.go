package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// devices holds the attacks on things as computers: IoT devices, robots,
// vehicles and controllers, their storage, ports, settings and credentials.
// Source: OWASP IoT Top 10; ETSI EN 303 645; ROS 2 threat model.
var devices = []Rule{
	{
		ID: "device-physical-access", Category: stride.Tampering,
		Title: "Storage of {target} read or rewritten by hand",
		Actor: "Somebody with the device in hand", Action: "open {target} and read out or rewrite its storage",
		Fact: "others can touch {target} unwatched", Lack: "physical protection", Effect: "copied credentials and logs, or a device that obeys somebody else",
		Ask:     "Who can touch {target}, and is its storage encrypted with a key in hardware?",
		Control: stride.PhysicalProtection, Also: []stride.ControlName{stride.EncryptionAtRest, stride.SecureBoot},
		Terms: []string{"tamper", "locked", "secure element", "secure boot"}, Risk: risk(2, 4), Most: 2, CWE: []string{"CWE-1263"}, CAPEC: []string{"CAPEC-401"},
		Fixes: fixes(fix("Encrypt the storage of {target} with a key in a secure element, boot signed software only, and give each device its own credentials.", "CAPEC-401", "CWE-1263")),
		element: func(n *node) bool {
			return n.is("device") && !n.is("mobile_device", "sensor", "actuator", "controller") && !n.insider() && n.thing() && !n.named("server", "workstation")
		},
		common: true,
	},
	{
		ID: "device-debug-port", Category: stride.ElevationOfPrivilege,
		Title: "Shell or memory access through {target}",
		Actor: "Somebody with physical access", Action: "connect to {target} and read memory, keys or a root shell",
		Lack: "authentication on it", Effect: "control of the device",
		Ask:     "Is {target} disabled or locked in what is shipped?",
		Control: stride.Authentication, Also: []stride.ControlName{stride.PhysicalProtection},
		Terms: []string{"disabled", "fused", "locked"}, Risk: risk(3, 4), CWE: []string{"CWE-1191"}, CAPEC: []string{"CAPEC-401"},
		Fixes:   fixes(fix("Fuse off {target} in production or require a per-device unlock token; allow-list USB device classes.", "CWE-1191", "CWE-1299")),
		element: func(n *node) bool { return n.is("debug_port") && !n.named("camera", "display", "hdmi") },
	},
	{
		ID: "device-exposed-port", Category: stride.ElevationOfPrivilege,
		Title: "Debug or maintenance port of {target} left open",
		Actor: "Somebody beside the device with a cable", Action: "attach to a serial, USB or JTAG port of {target} and get a console or its memory",
		Fact: "boards of this kind are shipped with such ports", Lack: "locking of them", Effect: "commands run on {target} and keys read from it",
		Ask:     "Which debug, serial and USB ports does {target} have, and are they fused off or locked in what is shipped?",
		Control: stride.PhysicalProtection, Also: []stride.ControlName{stride.SecureBoot},
		Terms: []string{"JTAG", "UART", "debug port", "locked"}, Risk: risk(2, 4), Most: 2, CWE: []string{"CWE-1191", "CWE-1299"}, CAPEC: []string{"CAPEC-401"},
		Fixes:   fixes(fix("Fuse off JTAG and the boot console of {target}, ask for a login on the serial line, allow-list USB classes, and cover unused ports.", "CWE-1191", "CWE-1299")),
		element: func(n *node) bool { return n.board() && !n.has("debug_port") },
	},
	{
		ID: "device-botnet", Category: stride.ElevationOfPrivilege,
		Title: "{target} taken over by a default or shared password",
		Actor: "A worm, or an attacker with the manual", Action: "log in to {target} and all of its kind with the password that they are shipped with",
		Fact: "many equal devices share each flaw", Lack: "password of its own for each device", Effect: "control of many devices, a botnet of them, and a way into the networks where they stand",
		Ask:     "Does {target} have a password of its own per device and no open service?",
		Control: stride.UniqueCredentials, Silences: []string{"id-admin-takeover", "id-admin-impersonation"},
		Terms: []string{"unique password", "authentication", "hardening"}, Risk: risk(3, 4), Most: 2, CWE: []string{"CWE-1392", "CWE-1391"}, CAPEC: []string{"CAPEC-542"},
		Fixes:   fixes(fix("Ship {target} with unique credentials, no listening services it does not need, automatic signed updates, and an egress allow-list.", "CWE-1392", "ASVS 6.3.2")),
		element: func(n *node) bool { return n.is("iot_device") && n.thing() && !n.named("radio", "radios", "modem") },
		Measure: "a password of its own for each device", singled: ofElement(func(n *node) bool { return n.ofKind() && !n.told("ssh") }),
		reserved: true,
	},
	{
		ID: "device-remote-login", Category: stride.ElevationOfPrivilege,
		Title: "Operating system of {target} entered by remote login",
		Actor: "An attacker on the same network", Action: "log in to the operating system of {target} with default, guessed or stolen credentials",
		Fact: "people log in to {target} over the network", Lack: "key-only sign-in", Effect: "control below every check of the application",
		Ask:     "Who may log in to {target} remotely, with keys or passwords, and from which networks?",
		Control: stride.MultiFactor, Denied: []stride.ControlName{stride.UniqueCredentials}, Silences: []string{"device-botnet", "id-admin-takeover", "id-admin-impersonation", "told-remote-tool"}, Also: []stride.ControlName{stride.NetworkIsolation, stride.KeyManagement},
		Terms: []string{"SSH key", "bastion", "password login disabled"}, Risk: risk(3, 4), Most: 2, CWE: []string{"CWE-1392", "CWE-307"}, CAPEC: []string{"CAPEC-555"},
		Fixes:   fixes(fix("Turn off password login and default accounts on {target}, accept short-lived SSH certificates from a maintenance network only, and log each session.", "ASVS 6.3.2", "CWE-1392")),
		element: (*node).remoteLogin,
		tell:    mentioning("ssh", "telnet", "sudoer"),
	},
	{
		ID: "device-usage-surveillance", Category: stride.InformationDisclosure,
		Title: "Usage of {target} reveals its owner's habits",
		Actor: "Somebody with access to traffic of {target} or to the cloud data", Action: "learn from reports of {target} when and how people live or work",
		Fact: "they tell of people's surroundings", Lack: "minimization of what is reported", Effect: "loss of privacy, up to live surveillance",
		Ask:     "What does {target} report, at which detail and for how long is it kept?",
		Control: stride.DataMinimization,
		Terms:   []string{"privacy", "anonymize", "retention"}, Risk: risk(2, 3), Most: 3, CWE: []string{"CWE-359"}, CAPEC: []string{"CAPEC-569"},
		Fixes:   fixes(fix("Report only what {target} needs, aggregate on the device, and delete on schedule.", "ASVS 14.2.4", "CWE-359")),
		element: (*node).reportsHabits,
	},
	{
		ID: "device-malicious-component", Category: stride.Tampering,
		Title: "Malicious software component or kernel placed on {target}",
		Actor: "An attacker with deployment rights or a foothold in the operating system of {target}", Action: "place a component or a changed kernel on {target} that reads or alters its data",
		Lack: "verified boot and software", Effect: "control of {target} below all other checks",
		Ask:     "Does {target} boot and run signed software only?",
		Control: stride.SecureBoot, Also: []stride.ControlName{stride.CodeSigning, stride.IntegrityCheck},
		Terms: []string{"secure boot", "signed", "measured boot"}, Risk: risk(2, 4), Most: 2, CWE: []string{"CWE-494"}, CAPEC: []string{"CAPEC-523"},
		Fixes:   fixes(fix("Boot {target} through a verified chain, run components unprivileged and confined, and attest its state remotely.", "CWE-494", "CAPEC-523")),
		element: func(n *node) bool { return n.machine() && n.is("robot", "vehicle", "iot_device") },
		Measure: "verified boot of devices", singled: ofElement(func(n *node) bool {
			return n.is("robot", "vehicle") || n.ofKind() && !n.design.homes || n.told("linux", "kernel", "boot", "boots", "bootloader", "root", "module", "modules", "component", "components")
		}),
	},
	{
		ID: "device-supply-backdoor", Category: stride.Tampering,
		Title: "Backdoor in hardware or firmware of {target} before it arrives",
		Actor: "A supplier, or somebody on the way from the factory", Action: "plant a chip, firmware or account in {target} before delivery",
		Fact: "others make its parts", Lack: "integrity check of what is delivered", Effect: "lasting control below everything that the owner installs",
		Ask:     "How are firmware and parts of {target} verified on arrival, and by whom is the factory image signed?",
		Control: stride.IntegrityCheck, Also: []stride.ControlName{stride.SecureBoot, stride.CodeSigning},
		Terms: []string{"attestation", "secure boot", "verified supplier"}, Risk: risk(1, 4), Most: 2, CWE: []string{"CWE-1357", "CWE-506"}, CAPEC: []string{"CAPEC-439"},
		Fixes: fixes(fix("Buy {target} from audited suppliers, flash and verify a signed image on arrival, and attest hardware and firmware before it joins.", "CWE-1357", "CAPEC-439")),
		element: func(n *node) bool {
			return n.machine() && n.told("supplier", "vendor", "manufactur", "rented", "rental", "hired", "returned", "refurbish", "contract", "oem")
		},
		common:  true,
		tell:    mentioning("supplier", "rented", "rental", "hired", "returned", "refurbish"),
		Measure: "checks of devices on arrival", singled: ofElement((*node).madeByOthers),
	},
	{
		ID: "device-stopped-component", Category: stride.DenialOfService,
		Title: "Control software on {target} killed",
		Actor: "A compromised component, or an intruder on the device", Action: "kill or starve the processes that run {target}",
		Fact: "nothing else steers {target}", Lack: "isolation between components", Effect: "a device that stops, or that no longer heeds commands, in the middle of its task",
		Ask:     "Do components of {target} run under accounts of their own, and does a watchdog restart those that die?",
		Control: stride.Sandboxing, Also: []stride.ControlName{stride.Redundancy, stride.Monitoring},
		Terms: []string{"watchdog", "separate account", "container"}, Risk: risk(2, 3), Most: 2, CWE: []string{"CWE-250", "CWE-653"}, CAPEC: []string{"CAPEC-578"},
		Fixes: fixes(fix("Run each component of {target} under an account of its own, none as root, restart those that die by a hardware watchdog, and stop safely meanwhile.", "CWE-250", "CWE-653")),
		element: func(n *node) bool {
			return n.machine() && n.is("robot", "vehicle", "controller")
		},
		common:   true,
		reserved: true,
		home:     (*design).robotic,
	},
	{
		ID: "device-resource-drain", Category: stride.DenialOfService,
		Title: "Disk or processor of {target} exhausted",
		Actor: "A faulty or hostile component, or a sender of needless messages", Action: "fill the disk or keep the processor of {target} busy until its own work gives out",
		Fact: "a device has little of both", Lack: "limits per component", Effect: "missed deadlines, lost logs and a device that stops",
		Ask:     "Which limits on processor, memory and disk does each component of {target} have?",
		Control: stride.Quotas, Also: []stride.ControlName{stride.RateLimiting},
		Terms: []string{"quota", "watchdog", "limit"}, Risk: risk(2, 3), Most: 2, CWE: []string{"CWE-770"}, CAPEC: []string{"CAPEC-130"},
		Fixes:   fixes(fix("Set processor, memory and disk limits per component of {target} (cgroups), rotate logs on a partition of their own, and bound message rates.", "CWE-770")),
		element: (*node).machine,
		Measure: "limits per component of devices", singled: ofElement(func(n *node) bool {
			return n.is("robot", "vehicle") && !n.design.outspoken || n.told("disk", "memory", "ram", "flash", "cpu", "processor")
		}),
		common: true,
	},
	{
		ID: "device-battery-drain", Category: stride.DenialOfService,
		Title: "Battery of {target} drained on purpose",
		Actor: "Somebody who may send requests to {target}, or compromised software on it", Action: "keep {target} awake or moving until its battery is empty",
		Fact: "{target} runs on a battery", Lack: "limit on what wakes it", Effect: "a device that is out of use until somebody recharges it",
		Ask:     "What bounds the requests and tasks that keep {target} awake, and what happens at low battery?",
		Control: stride.RateLimiting, Also: []stride.ControlName{stride.Quotas},
		Terms: []string{"battery", "sleep", "rate limit"}, Risk: risk(2, 3), Most: 2, CWE: []string{"CWE-920"}, CAPEC: []string{"CAPEC-130"},
		Fixes:   fixes(fix("Bound wake-ups and tasks of {target} per sender, refuse work at low charge, and keep enough of it for a safe stop.", "CWE-920")),
		element: (*node).drainable,
		tell:    mentioning("battery", "batteries", "recharg"),
	},
	{
		ID: "device-clock-shift", Category: stride.DenialOfService,
		Title: "Clock of {target} shifted",
		Actor: "Somebody who forges time answers on the network of {target}, or software with rights on it", Action: "set the clock of {target} wrong",
		Fact: "deadlines of control loops and validity of certificates hang on it", Lack: "authentication of the time source", Effect: "missed deadlines, expired certificates taken for valid, and logs without order",
		Ask:     "Where does {target} get its time, is the source authenticated, and which processes may set the clock?",
		Control: stride.Authentication, Also: []stride.ControlName{stride.IntegrityCheck, stride.LeastPrivilege},
		Terms: []string{"NTS", "authenticated NTP", "PTP", "monotonic"}, Risk: risk(2, 3), Most: 2, CWE: []string{"CWE-345"}, CAPEC: []string{"CAPEC-194"},
		Fixes: fixes(fix("Use NTS or authenticated PTP on {target}, take control loops off the wall clock, bound steps, and let no component but the time daemon set it.", "CWE-345")),
		element: func(n *node) bool {
			return n.machine() && n.is("robot", "vehicle") && !n.has("time_service")
		},
		common:   true,
		about:    []string{"clock", "time", "ntp", "ptp"},
		reserved: true,
		home:     (*design).robotic,
	},
	{
		ID: "device-misconfiguration", Category: stride.Tampering,
		Title: "{target} misconfigured by accident",
		Actor: "A user or technician", Action: "set wrong limits, modes or network settings on {target} by mistake",
		Fact: "settings decide what {target} does and who gets at it", Lack: "check of settings before they take effect", Effect: "unsafe behaviour or an opened interface",
		Ask:     "Does {target} refuse settings outside of safe limits and ask before critical changes?",
		Control: stride.HumanApproval, Also: []stride.ControlName{stride.InputValidation, stride.IntegrityCheck},
		Terms: []string{"confirmation", "safe limits", "two-person"}, Risk: risk(2, 3), Most: 2,
		CWE: []string{"CWE-1419"}, CAPEC: []string{"CAPEC-176"},
		Fixes:    fixes(fix("Validate settings of {target} against safe limits, ask for confirmation, keep the last good set, and record who changed what.", "ASVS 2.2.1", "CWE-1419")),
		element:  func(n *node) bool { return n.machine() && n.is("robot", "vehicle") },
		common:   true,
		reserved: true,
		home:     (*design).robotic,
	},
	{
		ID: "device-config-access", Category: stride.Tampering,
		Title: "Parameters of {target} read or changed without authorization",
		Actor: "Any component or tool that reaches the parameters of {target}", Action: "read or change limits, keys and network settings of {target}",
		Fact: "they decide what it does and whom it trusts", Lack: "authorization of changes to settings", Effect: "weakened checks, disclosed secrets and unsafe behaviour",
		Ask:     "Which accounts and components may read and change settings of {target}, and is a change recorded?",
		Control: stride.Authorization, Also: []stride.ControlName{stride.IntegrityCheck, stride.LeastPrivilege},
		Terms: []string{"access control", "read-only", "signed configuration"}, Risk: risk(2, 4), Most: 2,
		CWE: []string{"CWE-732", "CWE-284"}, CAPEC: []string{"CAPEC-75"},
		Fixes: fixes(fix("Keep settings of {target} in a signed, read-only partition, separate secrets from them, and let only a signed-in maintainer change them.", "CAPEC-75", "CWE-732")),
		element: func(n *node) bool {
			return n.machine() && n.is("robot", "vehicle")
		},
	},
	{
		ID: "device-cloud-credentials", Category: stride.ElevationOfPrivilege,
		Title: "Cloud credentials extracted from {source} used against {dest}",
		Actor: "Somebody who controls or holds the device", Action: "extract the credentials of {source} and call {dest} with them",
		Fact: "{dest} knows the device by credentials that lie on it", Lack: "managed secret per device", Effect: "reading, altering or deleting data of other devices in {dest}",
		Ask:     "Has each {source} credentials of its own, in hardware, limited to its own data in {dest}?",
		Control: stride.SecretsManagement, Also: []stride.ControlName{stride.LeastPrivilege},
		Terms: []string{"per-device", "secure element", "least privilege"}, Risk: risk(2, 4),
		CWE: []string{"CWE-522"}, CAPEC: []string{"CAPEC-150"},
		Fixes: fixes(fix("Give each device its own short-lived credentials from a key in hardware, and limit them in {dest} to its own topics and records.", "ASVS 13.3.1", "CWE-522")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.from.is("iot_device", "robot", "vehicle") && (e.to.service() || e.to.is("third_party", "queue")) && !e.to.bus() && !e.to.is("llm") && !(e.to.is("update_service") && !e.to.delivers()) &&
				e.to.is("api", "web_app", "monitoring", "function", "third_party", "update_service", "queue")
		},
	},
	{
		ID: "device-cloud-records", Category: stride.Tampering,
		Title: "Records that {source} sent altered or deleted in {dest}",
		Actor: "Somebody with stolen or too broad credentials for {dest}", Action: "alter or delete what {source} reported",
		Fact: "decisions and proofs rest on those records", Lack: "write protection of them", Effect: "wrong maintenance and billing decisions and a lost history",
		Ask:     "Who may alter or delete records of {source} in {dest}, and is the raw data kept apart?",
		Control: stride.Authorization, Also: []stride.ControlName{stride.LeastPrivilege, stride.LogIntegrity},
		Terms: []string{"read-only", "append-only", "role"}, Risk: risk(2, 3), Most: 2, CWE: []string{"CWE-732"}, CAPEC: []string{"CAPEC-122"},
		Fixes: fixes(fix("Let devices only append to {dest}, give analysts read-only roles, and keep the raw messages of {source} under object lock.", "ASVS 8.2.1", "CWE-732")),
		at:    atReceiver,
		flow: func(e *edge) bool {
			return e.from.is("iot_device", "robot", "vehicle", "sensor", "controller") && !e.from.outsideOwner() && (e.to.database() || e.to.is("object_storage", "monitoring", "event_stream"))
		},
	},
	{
		ID: "device-stolen", Category: stride.Spoofing,
		Title: "Lost or stolen {target} still accepted",
		Actor: "Whoever finds or steals the device", Action: "use {target} with the sessions and keys on it as if they were its owner",
		Fact: "{target} leaves the building with its user", Lack: "revocation of a lost device", Effect: "access under the owner's name until somebody notices",
		Ask:     "How is a lost {target} reported, locked and cut off, and how fast?",
		Control: stride.SessionManagement, Also: []stride.ControlName{stride.EncryptionAtRest, stride.MultiFactor},
		Terms: []string{"remote wipe", "revoke", "screen lock", "MDM"}, Risk: risk(3, 3), Most: 2, CWE: []string{"CWE-522"}, CAPEC: []string{"CAPEC-653"},
		Fixes: fixes(fix("Enrol {target} in device management with a screen lock and remote wipe, revoke its certificates and sessions on report, and ask for sign-in after idling.", "ASVS 7.4.1", "CWE-522")),
		element: func(n *node) bool {
			return n.is("mobile_device") && n.calls(func(c *node) bool { return c.service() || c.is("mobile_app") })
		},
	},
	{
		ID: "device-retired", Category: stride.InformationDisclosure,
		Title: "Keys and data left on {target} when sold, returned or scrapped",
		Actor: "Whoever gets the device next", Action: "read credentials and records that {target} still holds",
		Fact: "a device changes hands at the end of its life", Lack: "deletion of what lies on it", Effect: "access to the former owner's account and data",
		Ask:     "What does a factory reset of {target} delete, and are its cloud credentials revoked with it?",
		Control: stride.DataMinimization, Also: []stride.ControlName{stride.EncryptionAtRest},
		Terms: []string{"factory reset", "decommission", "wipe"}, Risk: risk(2, 2), Most: 2, CWE: []string{"CWE-226"}, CAPEC: []string{"CAPEC-675"},
		Fixes: fixes(fix("Erase the storage key of {target} on reset, revoke its identity in the cloud, and write down who decommissions devices.", "CWE-226", "CAPEC-675")),
		element: func(n *node) bool {
			return n.is("iot_device", "vehicle") && n.Kind == stride.Process && n.calls(func(c *node) bool { return c.service() || c.store() || c.is("third_party") })
		},
	},
}

// outsideOwner reports whether n is another company's.
func (n *node) outsideOwner() bool { return n.is("third_party") || n.Kind == stride.ExternalEntity }
