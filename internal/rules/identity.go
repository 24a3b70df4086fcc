package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// identity holds the attacks on logins, sessions and privileged accounts.
var identity = []Rule{
	{
		ID: "id-credential-stuffing", Category: stride.Spoofing,
		Title: "Guessed or reused passwords at {target}",
		Actor: "An attacker with leaked password lists", Action: "log in at {target} as its users",
		Fact: "people sign in there", Lack: "second factor", Effect: "takeover of accounts and of {data} behind them",
		Ask:     "Do people who sign in at {target} use a second factor, and are failed logins slowed down?",
		Control: stride.MultiFactor, Also: []stride.ControlName{stride.RateLimiting},
		Terms: []string{"MFA", "two-factor", "passkey", "lockout"}, Risk: risk(3, 3), Reach: true, Most: 2,
		CWE: []string{"CWE-307", "CWE-308"}, CAPEC: []string{"CAPEC-600"},
		Fixes: fixes(fix("Offer passkeys or a second factor at {target}, check passwords against breach lists, and throttle failed attempts per account and address.", "ASVS 6.3.1", "ASVS 6.3.3", "CWE-307")),
		element: func(n *node) bool {
			return n.signsPeopleIn() && n.asksPeople() && !n.design.biometric || n.service() && n.is("web_app", "admin_interface") &&
				(n.receives(stride.DataCredentials) || n.Controls.State(stride.Authentication) == stride.ControlPresent)
		},
		tell: (*node).passwordTale, hear: (*node).passwordTale,
	},
	{
		ID: "id-session-theft", Category: stride.Spoofing,
		Title: "Stolen sessions or tokens replayed against {target}",
		Actor: "An attacker who took a cookie or token by script, from a device, a log or a proxy", Action: "replay it against {target} as its owner",
		Fact: "a cookie or token keeps {users} signed in", Lack: "expiry and revocation of sessions", Effect: "access in the victim's name until somebody notices",
		Ask:     "How long do sessions and tokens at {target} live, and can they be revoked?",
		Control: stride.SessionManagement, about: sessionStems, Also: []stride.ControlName{stride.ReplayProtection},
		Terms: []string{"session", "expiry", "refresh token", "revoke"}, Risk: risk(3, 3), Most: 2,
		CWE: []string{"CWE-613", "CWE-294"}, CAPEC: []string{"CAPEC-593"},
		Fixes: fixes(fix("Issue short-lived access tokens bound to {target}, rotate refresh tokens and revoke on logout.", "ASVS 7.4.1", "ASVS 10.4.5", "CWE-613")),
		element: func(n *node) bool {
			if !n.service() || n.is("cdn") || !n.exposed() || n.Controls.State(stride.Authentication) == stride.ControlAbsent || n.calledBy(func(c *node) bool { return c.is("mobile_app", "desktop_app") && c.holdsTokens() }) {
				return false
			}
			return n.receives(stride.DataTokens) || n.sessionsSpoken() || n.signsPeopleIn() && !n.directory() && (!n.managed || n.calledBy(func(c *node) bool { return c.is("client") })) ||
				n.keeps(stride.DataTokens) || n.is("web_app") && n.signedIn() && n.calledBy(func(c *node) bool { return c.is("browser") })
		},
		hear:     hearsWithCallers(func(n *node) bool { return n.checksTokens() && !n.is("gateway") || n.signsPeopleIn() && !n.directory() }, append([]string{"jwt", "refresh token", "access token", "bearer token", "session id", "session token", "signed token", "id token", "sessions are", "session is", "session key"}, cookiePhrases...)...),
		reserved: true,
	},
	{
		ID: "id-admin-takeover", Category: stride.ElevationOfPrivilege,
		Title: "Stolen administrator credentials used against {dest}",
		Actor: "An attacker who phishes or steals the credentials of {source}", Action: "act with full rights on {dest}",
		Fact: "that account may change everything there", Lack: "second factor for privileged access", Effect: "control of the system",
		Ask:     "Does {source} need a second factor or a hardware key to administer {dest}?",
		Control: stride.MultiFactor, Terms: []string{"MFA", "two-factor", "hardware key", "hardware keys", "security key", "one-time code", "TOTP", "passkey", "WebAuthn"}, Risk: risk(3, 4),
		CWE: []string{"CWE-308"}, CAPEC: []string{"CAPEC-560"},
		Fixes: fixes(fix("Require phishing-resistant second factors for {source} and grant the rights on {dest} for hours, not forever.", "ASVS 6.3.3", "ASVS 8.4.2", "CWE-308")),
		at:    atFlowAndReceiver, Silences: []string{"id-provider-console"},
		flow: func(e *edge) bool {
			return e.from.is("admin", "operator") && !e.to.person() && !e.to.logsIntoDevice() && !e.to.is("log_store", "monitoring", "mobile_app", "mobile_device")
		},
	},
	{
		ID: "id-admin-impersonation", Category: stride.Spoofing,
		Title: "Impersonation of {target}",
		Actor: "An attacker with stolen or guessed credentials", Action: "pose as {target}, who holds elevated rights",
		Lack: "second factor for {target}", Effect: "privileged actions under a legitimate name",
		Ask:     "How does {target} sign in: with a second factor, with personal accounts, from managed machines?",
		Control: stride.MultiFactor, Also: []stride.ControlName{stride.Authentication},
		Terms: []string{"MFA", "two-factor", "SSO", "hardware key", "security key", "one-time code"}, Risk: risk(3, 4),
		CWE: []string{"CWE-287"}, CAPEC: []string{"CAPEC-151"},
		Fixes: fixes(fix("Give {target} personal accounts through single sign-on with phishing-resistant factors; no shared credentials.", "ASVS 6.3.3", "ASVS 6.3.4", "CWE-287")),
		element: func(n *node) bool {
			return n.is("admin", "operator") && !n.is("developer") && !n.named("developer") && len(n.out) == 0 && !n.colleagueActs("admin", "operator") && !n.onlyRole()
		},
		common:   true,
		reserved: true,
		home:     (*design).steered,
	},
	{
		ID: "id-admin-path", Category: stride.ElevationOfPrivilege,
		Title: "Takeover through the administration path {target}",
		Actor: "An attacker who reaches {target}", Action: "use default credentials, an exposed port or a flaw to become administrator",
		Fact: "it grants privileged control", Lack: "restriction of the networks that reach it", Effect: "control of everything that {target} manages",
		Ask:     "From which networks can {target} be reached, and are default credentials gone?",
		Control: stride.NetworkIsolation, Also: []stride.ControlName{stride.MultiFactor},
		Terms: []string{"VPN", "bastion", "allow-list", "private"}, Risk: risk(3, 4),
		CWE: []string{"CWE-284", "CWE-1392"}, CAPEC: []string{"CAPEC-115"},
		Fixes: fixes(fix("Put {target} behind a bastion or identity-aware proxy, remove default accounts, and alert on each privileged login.", "ASVS 8.4.2", "ASVS 6.3.2", "CWE-284")),
		element: func(n *node) bool {
			return n.is("admin_interface") && n.Kind != stride.ExternalEntity && !n.providerConsole() && n.Controls.State(stride.Authentication) != stride.ControlAbsent
		},
		Measure: "restricted networks for administration", singled: ofElement(func(n *node) bool {
			return !n.design.outspoken || n.told("default", "port", "ports", "exposed", "internet", "public", "unauthenticated")
		}),
		reserved: true,
	},
	{
		ID: "id-provider-console", Category: stride.ElevationOfPrivilege,
		Title: "Stolen or leftover sign-in to {target} changes the whole account",
		Actor: "Somebody with a stolen session, or a former member of the team", Action: "sign in to {target} and change resources, keys and logs",
		Fact: "it is reached from any network", Lack: "second factor and conditional access", Effect: "control of everything in the cloud account",
		Ask:     "Do people who sign in to {target} use a second factor, roles granted for hours, and accounts that end with their work?",
		Control: stride.MultiFactor, Also: []stride.ControlName{stride.LeastPrivilege},
		Terms: []string{"MFA", "conditional access", "single sign-on"}, Risk: risk(3, 4),
		CWE: []string{"CWE-308", "CWE-269"}, CAPEC: []string{"CAPEC-560"},
		Fixes:   fixes(fix("Require phishing-resistant sign-in and conditional access for {target}, grant roles just in time, remove leavers at once, and alert on new role assignments.", "ASVS 6.3.3", "ASVS 8.4.2", "CWE-308")),
		element: (*node).providerConsole,
	},
	{
		ID: "id-provider-outage", Category: stride.DenialOfService,
		Title: "Nobody can sign in during an outage of {target}",
		Actor: "An attacker who floods {target}, or an outage of it", Action: "lock everybody out",
		Fact: "every sign-in of {callers} depends on it", Lack: "second way to sign in", Effect: "an outage of the whole system although its parts run",
		Ask:     "What happens to running sessions and to new sign-ins while {target} is unavailable?",
		Control: stride.Redundancy, Also: []stride.ControlName{stride.DDoSProtection},
		Terms: []string{"redundant", "failover", "high availability"}, Risk: risk(2, 3), Most: 2,
		CWE: []string{"CWE-400"}, CAPEC: []string{"CAPEC-125"},
		Fixes:   fixes(fix("Run {target} in several zones, verify tokens offline with cached keys, and keep a documented break-glass account.", "ASVS 13.1.2", "CWE-400")),
		element: func(n *node) bool { return n.signsPeopleIn() && !n.managed && n.asksPeople() && n.waysIn() == 1 },
	},
}
