package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// clients holds the attacks on what runs in users' hands.
var clients = []Rule{
	{
		ID: "client-token-theft", Category: stride.Spoofing,
		Title: "Tokens taken from {target} used elsewhere",
		Actor: "Malware or a thief of the device", Action: "extract access or refresh tokens from {target} and call the backend as the user",
		Fact: "the app keeps tokens on the device", Lack: "encryption by the platform's key store", Effect: "access to the user's account without their device",
		Ask:     "Does {target} keep its tokens in the platform's hardware-backed key store?",
		Control: stride.EncryptionAtRest, Also: []stride.ControlName{stride.SessionManagement},
		Terms: []string{"keychain", "keystore", "secure enclave"}, Risk: risk(3, 3), CWE: []string{"CWE-922"}, CAPEC: []string{"CAPEC-593"},
		Fixes:   fixes(fix("Keep tokens of {target} in Android Keystore or iOS Keychain, bind them to the device, and let them be revoked.", "ASVS 14.3.3", "CWE-922")),
		element: func(n *node) bool { return n.is("mobile_app", "desktop_app") && n.holdsTokens() },
	},
	{
		ID: "client-reverse-engineering", Category: stride.Tampering,
		Title: "{target} decompiled and modified",
		Actor: "Anybody who installs {target}", Action: "decompile it, remove checks, extract embedded keys, and redistribute a changed build",
		Fact: "the binary is in the attacker's hands", Lack: "integrity check of the app", Effect: "rules that run on the device being bypassed and fake copies stealing accounts",
		Ask:     "Does the backend rely on anything that {target} checks, and is app attestation used?",
		Control: stride.IntegrityCheck, Also: []stride.ControlName{stride.CodeSigning},
		Terms: []string{"attestation", "obfuscation", "code signing"}, Risk: risk(3, 3), CWE: []string{"CWE-602"}, CAPEC: []string{"CAPEC-188"},
		Fixes:   fixes(fix("Enforce every rule on the server, ship no secret in {target}, and verify app attestation (Play Integrity, App Attest).", "ASVS 2.2.2", "CWE-602")),
		element: func(n *node) bool { return n.is("mobile_app", "desktop_app") },
	},
	{
		ID: "client-compromised-device", Category: stride.ElevationOfPrivilege,
		Title: "Rooted or infected device under {target}",
		Actor: "Malware with root rights on the user's device", Action: "read memory, storage and input of {target}",
		Lack: "sandbox that still holds on such a device", Effect: "theft of {data} and actions in the user's name",
		Ask:     "How does the system behave when {target} runs on a rooted device?",
		Control: stride.Sandboxing, Also: []stride.ControlName{stride.IntegrityCheck},
		Terms: []string{"root detection", "jailbreak", "attestation"}, Risk: risk(3, 3), CWE: []string{"CWE-693"}, CAPEC: []string{"CAPEC-660"},
		Fixes:   fixes(fix("Detect compromised devices by attestation, keep as little as possible in {target}, and require re-authentication for sensitive actions.", "ASVS 7.5.3", "CWE-693")),
		element: func(n *node) bool { return n.is("mobile_app", "mobile_device") },
	},
	{
		ID: "client-browser-storage", Category: stride.InformationDisclosure,
		Title: "Script or a local user reads {target}",
		Actor: "Injected script, a browser extension, or the next user of the machine", Action: "read or change what is kept in {target}",
		Fact: "every script of the origin can read it", Lack: "encryption or deletion of what is kept", Effect: "disclosure or silent change of the user's data",
		Ask:     "What is kept in {target}, for how long, and could it stay on the server?",
		Control: stride.DataMinimization, Also: []stride.ControlName{stride.EncryptionAtRest},
		Terms: []string{"session storage", "cleared", "encrypted"}, Risk: risk(3, 2), Sensitive: true, CWE: []string{"CWE-922"}, CAPEC: []string{"CAPEC-545"},
		Fixes:   fixes(fix("Keep no tokens or personal data in {target}, clear it on sign-out, and validate what is read back.", "ASVS 14.3.3", "CWE-922")),
		element: func(n *node) bool { return n.is("browser_storage") },
	},
	{
		ID: "client-dom-script", Category: stride.Tampering,
		Title: "Shared or imported content runs script in {target}",
		Actor: "Somebody who gets a user to open a link or to import a file", Action: "have {target} render content with script in it, or with values its code does not expect",
		Fact: "{target} builds its pages in the browser from such content", Lack: "contextual output encoding", Effect: "actions in the user's name and theft of what the browser keeps",
		Ask:     "Does {target} encode or sanitize what it renders, and check imported files against a schema?",
		Control: stride.OutputEncoding, Also: []stride.ControlName{stride.InputValidation},
		Terms: []string{"sanitize", "output encoding", "Content-Security-Policy"}, Risk: risk(3, 3), Most: 2, CWE: []string{"CWE-79"}, CAPEC: []string{"CAPEC-63"},
		Fixes:   fixes(fix("Render text in {target} through the framework's encoding, sanitize markup, check imports against a schema, and forbid inline script by Content-Security-Policy.", "ASVS 1.2.1", "ASVS 3.4.3", "CWE-79")),
		element: func(n *node) bool { return n.is("browser") && n.is("web_app") },
	},
	{
		ID: "client-trusted-validation", Category: stride.Tampering,
		Title: "Altered {values} sent past the checks of {source} to {dest}",
		Actor: "A user with developer tools or a script", Action: "skip the checks that {source} makes and send altered {values} to {dest}",
		Fact: "{source} runs in the user's hands", Lack: "validation on the server", Effect: "{dest} acting on {values} that no rule allows",
		Ask:     "Does {dest} check {values} by itself, or rely on {source}?",
		Control: stride.InputValidation, Terms: []string{"server-side validation", "input validation"}, Risk: risk(3, 3), CWE: []string{"CWE-602"}, CAPEC: []string{"CAPEC-22"},
		Fixes: fixes(fix("Check range and plausibility of {values} in {dest} against what the user may do, and compute there what can be computed.", "ASVS 2.2.2", "ASVS 2.3.1", "CWE-602")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.from.is("browser", "mobile_app", "desktop_app") && e.to.service() && e.to.is("web_app", "api", "api_gateway", "function") &&
				!e.to.near("payment_service") && e.forgedValues() != ""
		},
	},
	{
		ID: "client-lookalike", Category: stride.Spoofing,
		Title: "Lookalike of {target} lures its users",
		Actor: "A phisher with a similar domain name", Action: "lure {callers} to a copy of {target} and collect the credentials or card data that they enter",
		Fact: "people sign in or pay there", Lack: "phishing-resistant sign-in", Effect: "takeover of users' accounts",
		Ask:     "Is sign-in at {target} bound to its origin, as with passkeys?",
		Control: stride.MultiFactor, Terms: []string{"passkey", "WebAuthn", "MFA"}, Risk: risk(3, 3), CWE: []string{"CWE-290"}, CAPEC: []string{"CAPEC-98"},
		Fixes: fixes(fix("Offer passkeys at {target}, watch for lookalike domains and certificates, and publish DMARC with reject.", "ASVS 6.3.3", "CAPEC-98")),
		element: func(n *node) bool {
			if !(n.is("web_app") && n.service() || n.is("identity_provider")) || !n.calledBy(func(c *node) bool { return c.is("browser", "human", "client") }) {
				return false
			}
			return n.receives(stride.DataCredentials, stride.DataPayment) || n.near("payment_service")
		},
	},
}
