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
		Fixes: fixes(fix("Enforce every rule on the server, ship no secret in {target}, and verify app attestation (Play Integrity, App Attest).", "ASVS 2.2.2", "CWE-602")),
		element: func(n *node) bool {
			return n.is("mobile_app") || n.is("desktop_app") && n.told("download", "downloads", "downloaded", "distributed", "customers", "licence", "license", "store", "install", "installs", "installed", "installer")
		},
		Measure: "checks on the server instead of in the app", singled: ofElement((*node).worthOpening),
		common: true,
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
		element: func(n *node) bool { return n.is("mobile_app") && (n.holdsTokens() || n.handlesPrivate()) },
		// Of an app that holds tokens their theft is said, and that it is taken apart.
		Measure: "attestation of devices", singled: ofElement(func(n *node) bool { return n.worthOpening() && !n.holdsTokens() }),
		common: true,
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
		Measure: "output encoding in the browser", singled: ofElement(func(n *node) bool {
			return n.told(ofOthers...) || n.told("import", "imports", "share", "shared", "render", "renders", "rendered", "markdown", "template", "templates", "html", "formatted", "widget", "widgets") || !n.design.outspoken && n.has("cdn")
		}),
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
		Actor: "A phisher with a similar domain name", Action: "lure {users} to a copy of {target} and collect what they enter there to {entered}",
		Fact: "people {entered} there", Lack: "phishing-resistant sign-in", Effect: "takeover of users' accounts",
		Ask:     "Is sign-in at {target} bound to its origin, as with passkeys?",
		Control: stride.MultiFactor, Terms: []string{"passkey", "WebAuthn", "MFA"}, Risk: risk(3, 3), CWE: []string{"CWE-290"}, CAPEC: []string{"CAPEC-98"},
		Fixes: fixes(fix("Offer passkeys at {target}, watch for lookalike domains and certificates, and publish DMARC with reject.", "ASVS 6.3.3", "CAPEC-98")),
		element: func(n *node) bool {
			if !(n.is("web_app") && n.service() || n.signsPeopleIn() && !n.directory()) || !n.calledBy(func(c *node) bool { return c.is("browser", "human", "client") }) {
				return false
			}
			return n.receives(stride.DataCredentials, stride.DataPayment) || n.near("payment_service")
		},
		hear: hears((*node).door, "with password", "with a password", "and password", "and a password", "magic link", "sign in link", "login page", "custom domain", "phish"), Most: 1,
	},
	{
		ID: "client-local-data", Category: stride.InformationDisclosure,
		Title: "Data that {target} keeps for offline use read on a lost device",
		Actor: "Whoever finds, steals or seizes the device", Action: "read the local database, cache and screenshots of {target}",
		Fact: "{target} handles private data in its user's hands", Lack: "encryption of what it keeps", Effect: "disclosure of the data on the device without any password",
		Ask:     "What does {target} keep on the device, under which key, and when is it deleted?",
		Control: stride.EncryptionAtRest, Also: []stride.ControlName{stride.DataMinimization},
		Terms: []string{"SQLCipher", "keychain", "encrypted database"}, Risk: risk(2, 3), Sensitive: true, Most: 2, CWE: []string{"CWE-922", "CWE-312"}, CAPEC: []string{"CAPEC-545"},
		Fixes:   fixes(fix("Encrypt the local store of {target} with a key that the platform releases after unlocking, keep days and not months, and blank it in the app switcher.", "ASVS 14.3.3", "CWE-922")),
		tell:    telling("off line", "offline", "encrypted copy", "local database", "sqlite", "cached copy"),
		element: func(n *node) bool { return n.is("mobile_app", "desktop_app") },
		Measure: "encryption of what apps keep", singled: ofElement((*node).handlesPrivate),
	},
	{
		ID: "client-screen-overlay", Category: stride.Spoofing,
		Title: "Malicious app draws over {target} and takes what is typed",
		Actor: "A trojan that the user installed", Action: "draw a copy of its sign-in or payment screen over {target}, or drive it by accessibility rights",
		Fact: "people sign in or pay in {target}", Lack: "check for overlays and foreign input", Effect: "stolen credentials and payments that the user never meant",
		Ask:     "Does {target} detect overlays and accessibility abuse, and confirm payments by a second factor?",
		Control: stride.IntegrityCheck, Also: []stride.ControlName{stride.MultiFactor},
		Terms: []string{"filterTouchesWhenObscured", "overlay", "attestation"}, Risk: risk(2, 4), Most: 1, CWE: []string{"CWE-1021", "CWE-451"}, CAPEC: []string{"CAPEC-506"},
		Fixes: fixes(fix("Hide non-system overlays in {target} (setHideOverlayWindows), refuse obscured touches, check running accessibility services, and sign amount and payee by passkey.", "CWE-1021")),
		element: func(n *node) bool {
			if !n.is("mobile_app") {
				return false
			}
			for _, e := range n.out {
				if anyClass(e.Data, []stride.DataClass{stride.DataPayment, stride.DataCredentials}) || e.to.is("payment_service") {
					return true
				}
			}
			return n.keeps(stride.DataPayment, stride.DataCredentials) || n.named("bank", "wallet", "payment")
		},
	},
	{
		ID: "client-deep-link", Category: stride.Spoofing,
		Title: "Links into {target} caught or forged by another app",
		Actor: "Another app that registers the same link", Action: "receive codes meant for {target}, or open it with parameters of their own",
		Fact: "{target} is opened by links", Lack: "verification of links", Effect: "stolen sign-in codes and actions that the user never chose",
		Ask:     "Are links into {target} verified App Links or Universal Links, and are their parameters checked?",
		Control: stride.InputValidation, Also: []stride.ControlName{stride.Authentication},
		Terms: []string{"universal link", "app link", "custom scheme"}, Risk: risk(3, 3), Most: 1, CWE: []string{"CWE-939"}, CAPEC: []string{"CAPEC-505"},
		Fixes: fixes(fix("Use verified App Links and Universal Links for {target}, no custom schemes, ask again before links change anything, and check every parameter.", "CWE-939")),
		element: func(n *node) bool {
			return n.is("mobile_app") && (n.told("deep", "scheme", "link") || n.calls((*node).speaksOAuth))
		},
	},
	{
		ID: "client-bundled-code", Category: stride.Tampering,
		Title: "Third-party script or package inside {target} turned hostile",
		Actor: "Whoever takes over a package, tag or kit that is built or loaded into {target}", Action: "run their code in {target} with all that it may do and read",
		Fact: "{target} carries code of others", Lack: "pinning and review of that code", Effect: "theft of the tokens and data that pass through {target}, everywhere at once",
		Ask:     "Which third-party code runs in {target}, is it pinned by hash, and who reviews updates?",
		Control: stride.DependencyScanning, Also: []stride.ControlName{stride.IntegrityCheck},
		Terms: []string{"lock file", "subresource integrity", "Content-Security-Policy"}, Risk: risk(2, 4), Most: 2, CWE: []string{"CWE-829", "CWE-1395"}, CAPEC: []string{"CAPEC-538"},
		Fixes: fixes(fix("Pin packages of {target} by lock file, load outside scripts by subresource integrity or not at all, send a Content-Security-Policy, and drop kits that it does not need.", "ASVS 3.6.1", "ASVS 15.2.1", "CWE-829")),
		element: func(n *node) bool {
			return !n.has("package_dependency") && n.is("browser", "mobile_app", "desktop_app") && (n.told("angular", "vue", "npm", "sdk", "sdks", "electron", "tag", "widget") || n.told("react", "javascript") && (n.is("mobile_app", "desktop_app", "web_app") || n.handlesPrivate()))
		},
		hear: hears(func(n *node) bool {
			return !n.has("package_dependency") && (n.answers() || n.is("function", "worker")) && !n.is("gateway", "llm_application")
		}, "npm package", "npm dependenc", "third party librar", "open source librar", "third party package", "third party component", "third party module", "third party plugin", "external librar",
			"node js", "express", "django", "flask", "spring boot", "rails", "laravel", "wordpress", "php", "struts", "drupal", "base image"),
		reserved: true,
	},
	{
		ID: "client-extension-page", Category: stride.ElevationOfPrivilege,
		Title: "Hostile web page talks to {target}",
		Actor: "A page that the user visits", Action: "send messages to {target} or make it fill in data on the wrong site",
		Fact: "its scripts run inside of foreign pages", Lack: "check of the page's origin", Effect: "secrets handed to a site that is not theirs",
		Ask:     "How does {target} tell which origin and frame asks, and what may content scripts request?",
		Control: stride.InputValidation, Also: []stride.ControlName{stride.LeastPrivilege, stride.Sandboxing},
		Terms: []string{"origin check", "isolated world", "user gesture"}, Risk: risk(3, 4), Most: 1, CWE: []string{"CWE-346"}, CAPEC: []string{"CAPEC-160"}, Silences: []string{"client-dom-script"},
		Fixes:   fixes(fix("Let {target} match the exact origin of the top frame, fill only on a user's gesture, keep secrets out of content scripts, and check the sender of every message.", "ASVS 3.5.1", "CWE-346")),
		element: func(n *node) bool { return n.named("extension") && n.is("browser", "desktop_app", "client") },
	},
	{
		ID: "client-local-socket", Category: stride.Spoofing,
		Title: "Another program on the machine poses as {source} to {dest}",
		Actor: "Malware under the same user account", Action: "connect to {dest} as if it were {source}",
		Fact: "both talk on the same machine", Lack: "authentication of the local peer", Effect: "secrets and actions of {dest} handed to another program",
		Ask:     "How does {dest} know that it talks to the genuine {source} (peer credentials, code signature, pairing)?",
		Control: stride.MutualAuthentication, Also: []stride.ControlName{stride.Authentication},
		Terms: []string{"peer credentials", "code signature", "pairing"}, Risk: risk(2, 4), Most: 1, CWE: []string{"CWE-306", "CWE-940"}, CAPEC: []string{"CAPEC-194"},
		Fixes: fixes(fix("Restrict the socket or pipe of {dest} to its user, check code signature and extension id of {source}, pair them with a key, and ask the user on first use.", "CWE-940")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.to.is("desktop_app") && e.from.is("client", "desktop_app") && e.says("native", "socket", "pipe", "localhost", "ipc", "loopback")
		},
	},
	{
		ID: "client-memory", Category: stride.InformationDisclosure,
		Title: "Malware reads secrets from the memory or clipboard of {target}",
		Actor: "Malware under the user's account", Action: "read card numbers, passwords or keys of {target} from memory, clipboard or screen",
		Fact: "they lie there in clear while it works", Lack: "shortening of that time", Effect: "theft that encryption on disk does not stop",
		Ask:     "How long does {target} hold secrets in clear, does it clear memory and clipboard, and does it lock when idle?",
		Control: stride.DataMinimization, Also: []stride.ControlName{stride.Sandboxing},
		Terms: []string{"memory", "clipboard", "auto-lock", "point-to-point encryption"}, Risk: risk(2, 4), Most: 1, CWE: []string{"CWE-316"}, CAPEC: []string{"CAPEC-637"},
		Fixes: fixes(fix("Hold secrets of {target} in clear for seconds and overwrite them, clear the clipboard, lock when idle, and take card data in an encrypting reader.", "CWE-316")),
		element: func(n *node) bool {
			return n.is("desktop_app") && (n.keeps(stride.DataPayment, stride.DataCredentials, stride.DataKeys) || n.named("vault", "password", "pos", "sale", "kiosk"))
		},
		reserved: true,
	},
}
