package rules

import (
	"slices"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// updates holds the attacks on the way by which software reaches devices and
// desktops. Source: the Uptane and TUF threat models.
var updates = []Rule{
	{
		ID: "device-malicious-update", Category: stride.Tampering,
		Title: "Malicious software installed through {target}",
		Actor: "An attacker who poses as the update service or takes it over", Action: "deliver altered binaries through {target} that are then installed",
		Lack: "signature on what is installed", Effect: "code of the attacker's choice in the field",
		Ask:     "Do the receivers verify a signature on what {target} delivers?",
		Control: stride.CodeSigning, Also: []stride.ControlName{stride.SecureBoot},
		Terms: []string{"signed", "signature", "verified"}, Risk: risk(3, 4), Most: 2, CWE: []string{"CWE-494"}, CAPEC: []string{"CAPEC-186"},
		Fixes:   fixes(fix("Sign what {target} delivers with a key kept offline and verify it before installing.", "CWE-494", "CAPEC-186")),
		element: func(n *node) bool { return n.is("update_service") && !n.design.shipsSigned() },
	},
	{
		ID: "device-firmware-rollback", Category: stride.Tampering,
		Title: "Old, vulnerable version installed again through {target}",
		Actor: "An attacker on the path, or with the device in hand", Action: "offer a genuine but outdated version by way of {target}",
		Fact: "its signature is still valid", Lack: "refusal of older versions", Effect: "known flaws that were mended being open again",
		Ask:     "Do receivers of {target} keep a version counter that cannot be set back?",
		Control: stride.ReplayProtection, Also: []stride.ControlName{stride.SecureBoot},
		Terms: []string{"rollback protection", "version counter", "anti-rollback"}, Risk: risk(2, 4), Most: 2, CWE: []string{"CWE-1328"}, CAPEC: []string{"CAPEC-186"},
		Fixes:   fixes(fix("Keep a monotonic version counter in hardware behind {target}, sign the version with the image, and expire update metadata (TUF, Uptane).", "CWE-1328")),
		element: func(n *node) bool { return n.ownUpdates() && n.updatesThings() },
	},
	{
		ID: "device-signing-key", Category: stride.Spoofing,
		Title: "Key that signs updates of {target} stolen",
		Actor: "An intruder in the build or release environment", Action: "take the key that signs what {target} delivers and sign software of their own",
		Fact: "receivers obey whoever holds it", Lack: "protection of that key", Effect: "software of the attacker's choice accepted by every device",
		Ask:     "Where does the key lie that signs updates of {target}, who may use it, and how is it replaced?",
		Control: stride.KeyManagement, Also: []stride.ControlName{stride.SecretsManagement},
		Terms: []string{"HSM", "offline key", "key rotation"}, Risk: risk(2, 4), Most: 1, CWE: []string{"CWE-522", "CWE-347"}, CAPEC: []string{"CAPEC-474"},
		Fixes:   fixes(fix("Keep the signing key in an HSM with two people's approval, split root and release keys for {target}, and rehearse its replacement.", "ASVS 13.3.1", "CAPEC-474")),
		element: (*node).delivers,
		singled: ofElement(func(n *node) bool { return !n.has("ci_cd") }),
	},
	{
		ID: "device-fleet-update", Category: stride.DenialOfService,
		Title: "Faulty update from {target} stops every device at once",
		Actor: "A release with a defect, or an operator who picks the wrong group", Action: "roll out through {target} what does not start",
		Fact: "one release reaches all of them", Lack: "staged rollout with approval", Effect: "a fleet that has to be recovered by hand",
		Ask:     "Are releases of {target} rolled out in stages, stopped on failures, and undone by the devices themselves?",
		Control: stride.HumanApproval, Also: []stride.ControlName{stride.Monitoring, stride.Redundancy},
		Terms: []string{"staged rollout", "canary", "A/B partition", "rollback"}, Risk: risk(2, 4), Most: 1, CWE: []string{"CWE-754"}, CAPEC: []string{"CAPEC-176"},
		Fixes:   fixes(fix("Roll out through {target} to a small group first, halt on failed health reports, and keep a second partition that boots the last good version.", "CWE-754")),
		element: func(n *node) bool { return n.delivers() && !n.design.homes },
	},
	{
		ID: "device-blocked-update", Category: stride.DenialOfService,
		Title: "Updates from {target} blocked",
		Actor: "An attacker on the path, or an outage", Action: "keep the receivers from reaching {target}",
		Lack: "monitoring of who lags behind", Effect: "known flaws that stay open on the receivers",
		Ask:     "Who notices when receivers stop reaching {target}?",
		Control: stride.Monitoring, Also: []stride.ControlName{stride.Redundancy},
		Terms: []string{"version report", "alert"}, Risk: risk(2, 2), Most: 1, CWE: []string{"CWE-693"}, CAPEC: []string{"CAPEC-603"},
		Fixes: fixes(fix("Report versions, alert on receivers that lag, and offer a second way to reach {target}.", "CAPEC-603")),
		element: func(n *node) bool {
			return n.delivers() && n.has("robot", "vehicle", "iot_device", "controller") || n.deliversToDevices()
		},
	},
	{
		ID: "device-intercepted-delivery", Category: stride.InformationDisclosure,
		Title: "Binaries from {target} intercepted",
		Actor: "An attacker on the path of delivery", Action: "copy software and settings that {target} delivers",
		Lack: "encryption of the delivery", Effect: "disclosure of code, embedded keys and flaws to study",
		Ask:     "Does {target} deliver over an encrypted and authenticated connection?",
		Control: stride.EncryptionInTransit, Terms: []string{"TLS", "HTTPS", "encrypted"}, Risk: risk(2, 3), Most: 2,
		CWE: []string{"CWE-319"}, CAPEC: []string{"CAPEC-65"},
		Fixes:   fixes(fix("Deliver from {target} over mutually authenticated TLS and keep secrets out of images.", "ASVS 12.2.1", "CWE-319")),
		element: func(n *node) bool { return n.delivers() || n.deliversToDevices() },
		common:  true,
	},
	{
		ID: "device-altered-delivery", Category: stride.Spoofing,
		Title: "Rogue deployment service in place of {target}",
		Actor: "An attacker who redirects or imitates it", Action: "pose as {target} and push binaries to the devices",
		Fact: "devices install what it sends", Lack: "signature that devices verify", Effect: "code of the attacker's choice on the devices",
		Ask:     "Do the devices verify who signed what {target} sends?",
		Control: stride.CodeSigning, Also: []stride.ControlName{stride.MutualAuthentication},
		Terms: []string{"signed", "signature"}, Risk: risk(2, 4), Most: 2,
		CWE: []string{"CWE-494", "CWE-345"}, CAPEC: []string{"CAPEC-187"},
		Fixes:   fixes(fix("Sign binaries offline, pin the identity of {target} in each device, and refuse unsigned or older versions.", "CWE-494", "CAPEC-187")),
		element: (*node).deliversToDevices,
	},
}

// deliversToDevices reports whether n is a deployment system of a design with
// devices.
func (n *node) deliversToDevices() bool {
	return n.is("deployment_system") && n.has("robot", "vehicle", "iot_device", "controller") && !n.ofServers()
}

// ofServers reports whether n is a tool by which operators set up servers and
// clusters; it installs nothing on things in the field.
func (n *node) ofServers() bool {
	return n.named("ansible", "puppet", "chef", "saltstack", "terraform", "helm", "argo", "argocd", "flux", "spinnaker", "compose", "kustomize", "pipeline", "codedeploy", "cloudformation", "octopus")
}

// shipsSigned reports whether the source says of what is installed, wherever it says
// so, that it is signed or that its signature is checked.
func (d *design) shipsSigned() bool {
	return d.anySaid(func(said vocabulary) bool {
		return said.holds("signed", "signature", "signatures") && said.holds("image", "update", "payload", "release", "firmware", "metadata", "package", "artifact") &&
			!said.holds("unsigned", "optional", "planned") && !said.hasAny("not", "no", "without", "should", "if")
	})
}

// keysInHardware reports whether the source says of its signing keys that hardware or
// a key service holds them.
func (d *design) keysInHardware() bool {
	return d.anySaid(func(said vocabulary) bool {
		return said.holds("hsm", "kms", "tpm") && said.holds("signed", "signing", "signature") && !said.hasAny("not", "no", "without", "outside")
	})
}

// anySaid reports whether a quote of a part of the design is such.
func (d *design) anySaid(is func(vocabulary) bool) bool {
	return slices.ContainsFunc(d.nodes, func(n *node) bool { return slices.ContainsFunc(n.said, is) })
}

// hasAny reports whether one of the words is there as it stands.
func (v vocabulary) hasAny(words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(v, w) })
}
