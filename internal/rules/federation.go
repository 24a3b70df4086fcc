package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// federation holds the attacks on OAuth, OpenID Connect, SAML, directories and
// certificate authorities. Source: RFC 9700 (OAuth 2.0 security best current
// practice); NIST SP 800-63C.
var federation = []Rule{
	{
		ID: "oauth-redirect", Category: stride.Spoofing,
		Title: "Authorization codes of {target} sent to an attacker's redirect address",
		Actor: "An attacker who gets a user to open a prepared sign-in link", Action: "have {target} send the code or token to an address of their own",
		Fact: "codes are delivered by redirect", Lack: "exact match of redirect addresses", Effect: "sign-in as the victim at every application that trusts {target}",
		Ask:     "Does {target} compare redirect addresses character by character with those registered, without wildcards?",
		Control: stride.InputValidation, Also: []stride.ControlName{stride.CSRFProtection},
		Terms: []string{"redirect_uri", "exact match", "PKCE", "state parameter"}, Risk: risk(3, 4), Most: 1, CWE: []string{"CWE-601"}, CAPEC: []string{"CAPEC-194"},
		Fixes:   fixes(fix("Compare redirect_uri exactly at {target}, allow no wildcards or open redirectors, require PKCE, and check state or nonce at the client.", "ASVS 10.4.1", "CWE-601")),
		element: (*node).speaksOAuth,
	},
	{
		ID: "oauth-code-interception", Category: stride.Spoofing,
		Title: "Authorization code of {source} intercepted on the way back from {dest}",
		Actor: "Another app on the device, or a script in the page", Action: "catch the authorization code meant for {source} and redeem it at {dest}",
		Fact: "{source} can keep no client secret", Lack: "proof key (PKCE) for the code", Effect: "tokens in the victim's name",
		Ask:     "Does {source} use PKCE with S256 and claimed HTTPS redirect addresses?",
		Control: stride.ReplayProtection, Terms: []string{"PKCE", "code_challenge", "app link"}, Risk: risk(2, 4), CWE: []string{"CWE-940", "CWE-294"}, CAPEC: []string{"CAPEC-505"},
		Fixes: fixes(fix("Require PKCE (S256) at {dest} for public clients, use claimed HTTPS links instead of custom schemes in {source}, and bind codes to the client.", "ASVS 10.4.6", "CWE-940")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.to.speaksOAuth() && (e.from.is("mobile_app", "desktop_app", "command_line") || e.from.is("browser") && e.from.is("web_app"))
		},
	},
	{
		ID: "oauth-token-confusion", Category: stride.Spoofing,
		Title: "Token issued for another application accepted by {target}",
		Actor: "The owner of one application, or whoever steals its users' tokens", Action: "present a token that was issued for another audience to {target}",
		Fact: "several applications trust the same issuer", Lack: "check of audience and issuer", Effect: "access as any user who ever signed in at the weaker application",
		Ask:     "Does {target} check issuer, audience, algorithm and expiry of each token against fixed values?",
		Control: stride.Authentication, Also: []stride.ControlName{stride.IntegrityCheck},
		Terms: []string{"aud claim", "audience", "issuer", "JWKS"}, Risk: risk(2, 4), Most: 3, CWE: []string{"CWE-863", "CWE-347"}, CAPEC: []string{"CAPEC-633"},
		Fixes: fixes(fix("Pin issuer, audience and algorithm in {target}, take keys only from the issuer's JWKS address, and give each application an audience of its own.", "ASVS 9.2.3", "CWE-347")),
		element: func(n *node) bool {
			return n.takesTokens() && n.calls(func(c *node) bool { return c.sharedIssuer() }) || n.takesTokens() && n.calledBy(func(c *node) bool { return c.sharedIssuer() })
		},
	},
	{
		ID: "oauth-signing-key", Category: stride.ElevationOfPrivilege,
		Title: "Token signing key of {target} stolen",
		Actor: "An intruder on the host of {target}, or a reader of its storage and backups", Action: "copy the key with which {target} signs and issue tokens for any user",
		Fact: "all applications believe that signature", Lack: "protection and rotation of the key", Effect: "access to every application as anybody, without a trace at {target}",
		Ask:     "Where does the signing key of {target} lie, who may read it, and how fast can it be replaced?",
		Control: stride.KeyManagement, Also: []stride.ControlName{stride.SecretsManagement},
		Terms: []string{"HSM", "KMS", "key rotation", "JWKS"}, Risk: risk(2, 4), Most: 1, CWE: []string{"CWE-522", "CWE-321"}, CAPEC: []string{"CAPEC-474"},
		Fixes: fixes(fix("Sign in a KMS or HSM, rotate the key of {target} on a schedule, publish both keys while they overlap, and drop a leaked one at once.", "ASVS 13.3.1", "CAPEC-474")),
		element: func(n *node) bool {
			return n.speaksOAuth() && !n.managed && !n.outside && !n.ofTheFirm() && !n.told("external", "customer", "customers")
		},
	},
	{
		ID: "oauth-refresh-token", Category: stride.Spoofing,
		Title: "Stolen refresh token renews access at {target} without end",
		Actor: "Whoever copies it from a device, a log or a store", Action: "redeem a refresh token at {target} again and again",
		Fact: "it outlives the session", Lack: "rotation with detection of reuse", Effect: "lasting access that signing out does not end",
		Ask:     "Does {target} rotate refresh tokens, notice reuse and revoke the family?",
		Control: stride.ReplayProtection, Also: []stride.ControlName{stride.SessionManagement},
		Terms: []string{"refresh token rotation", "reuse detection", "revocation"}, Risk: risk(3, 3), Most: 1, CWE: []string{"CWE-613", "CWE-294"}, CAPEC: []string{"CAPEC-593"},
		Fixes:   fixes(fix("Rotate refresh tokens of {target} on each use, revoke the family on reuse, bind them to the client (DPoP or mTLS), and cap their age.", "ASVS 10.4.5", "CWE-613")),
		element: func(n *node) bool { return n.signsPeopleIn() && (n.told("refresh") || n.takes([]string{"refresh"})) },
	},
	{
		ID: "oauth-account-linking", Category: stride.ElevationOfPrivilege,
		Title: "Account at {target} taken over through another identity provider",
		Actor: "Somebody who controls an account at one upstream provider", Action: "sign in to {target} with the e-mail address or name of another person",
		Fact: "several providers vouch for its users", Lack: "link to issuer and subject instead of e-mail", Effect: "takeover of accounts and roles that belong to somebody else",
		Ask:     "Does {target} identify users by issuer and subject, and accept only verified addresses?",
		Control: stride.InputValidation, Also: []stride.ControlName{stride.Authorization},
		Terms: []string{"issuer and subject", "email_verified", "account linking"}, Risk: risk(3, 4), Most: 1, CWE: []string{"CWE-289", "CWE-287"}, CAPEC: []string{"CAPEC-151"},
		Fixes:   fixes(fix("Key accounts of {target} by issuer and subject, link a second provider only from a signed-in session, and let each provider vouch for its own domains.", "CWE-289")),
		element: (*node).brokers,
	},
	{
		ID: "saml-wrapped-assertion", Category: stride.Spoofing,
		Title: "Forged SAML assertion accepted by {target}",
		Actor: "An attacker with one valid assertion", Action: "wrap or replay a signed assertion so that {target} reads other attributes than were signed",
		Fact: "it reads XML signed by somebody else", Lack: "strict validation of what was signed", Effect: "sign-in as any user with any role",
		Ask:     "Does {target} check signature, audience, recipient, expiry and one-time use on the very element that it reads?",
		Control: stride.IntegrityCheck, Also: []stride.ControlName{stride.ReplayProtection},
		Terms: []string{"signature wrapping", "InResponseTo", "audience restriction"}, Risk: risk(2, 4), Most: 1, CWE: []string{"CWE-347"}, CAPEC: []string{"CAPEC-475"},
		Fixes: fixes(fix("Use a maintained SAML library in {target}, read only the verified element, forbid DTDs, and remember assertion ids until they expire.", "CWE-347", "CWE-611")),
		element: func(n *node) bool {
			return n.service() && (n.named("saml") && !n.is("identity_provider") || n.takes([]string{"saml"}) || n.brokers() && n.told("saml"))
		},
	},
	{
		ID: "ldap-injection", Category: stride.Tampering,
		Title: "LDAP injection into {dest} through {source}",
		Actor: "Somebody at the login form", Action: "put filter characters into a name so that {source} searches {dest} for another entry",
		Fact: "{source} builds filters from what was typed", Lack: "escaping of filter values", Effect: "sign-in as another user or a listing of the directory",
		Ask:     "Does {source} escape names in filters and refuse empty passwords before it binds to {dest}?",
		Control: stride.InputValidation, Terms: []string{"escape", "RFC 4515", "parameterized filter"}, Risk: risk(3, 4), CWE: []string{"CWE-90"}, CAPEC: []string{"CAPEC-136"},
		Fixes: fixes(fix("Escape filter values by RFC 4515 in {source}, refuse empty passwords before binding, and give its account read rights on names and groups only.", "ASVS 1.2.6", "CWE-90")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.to.directory() && !e.to.named("connector") && (e.to.named("ldap", "openldap", "freeipa") || e.says("ldap")) && e.from.Kind == stride.Process && !e.from.is("client")
		},
	},
	{
		ID: "sso-stale-access", Category: stride.ElevationOfPrivilege,
		Title: "Access lives on after an account at {target} is closed",
		Actor: "A former member, or a thief of a session", Action: "go on using applications after sign-out or removal at {target}",
		Fact: "applications keep sessions of their own", Lack: "propagation of sign-out and removal", Effect: "rights that nobody can take back in time",
		Ask:     "How fast do applications notice that an account or group membership at {target} has ended?",
		Control: stride.SessionManagement, Terms: []string{"back-channel logout", "SCIM", "short token lifetime"}, Risk: risk(3, 3), Most: 1, CWE: []string{"CWE-613"}, CAPEC: []string{"CAPEC-560"},
		Fixes:   fixes(fix("Keep tokens of {target} short-lived, use back-channel logout and SCIM deprovisioning, and check group changes on refresh.", "ASVS 7.4.1", "CWE-613")),
		element: func(n *node) bool { return n.signsPeopleIn() && len(n.relyingParties()) > 1 },
	},
	{
		ID: "ca-misissue", Category: stride.Spoofing,
		Title: "Certificates issued to an impostor by {target}",
		Actor: "An intruder who reaches {target} or its enrolment", Action: "have a certificate issued for a name that is not theirs",
		Fact: "everybody trusts what it signs", Lack: "check of who may ask for which name", Effect: "machines and servers that cannot be told from the real ones",
		Ask:     "Who may request which names from {target}, where does its key lie, and is issuance watched?",
		Control: stride.Authorization,
		Terms:   []string{"HSM", "issuance policy", "certificate transparency"}, Risk: risk(2, 4), Most: 1, CWE: []string{"CWE-295", "CWE-862"}, CAPEC: []string{"CAPEC-474"},
		Fixes: fixes(fix("Keep the root key of {target} offline and the issuing key in an HSM, bind each requester to its names, issue for hours, and log every certificate.", "CWE-295", "ASVS 16.2.1")),
		element: func(n *node) bool {
			return n.issuesCertificates() && !n.told("attests", "attestation", "tokenreview", "challenge")
		},
		reserved: true,
	},
	{
		ID: "id-account-recovery", Category: stride.Spoofing,
		Title: "Account recovery at {target} abused to get in",
		Actor: "An attacker who holds the mailbox or number, or guesses the answers", Action: "reset the password or second factor of somebody else at {target}",
		Fact: "recovery goes around the sign-in", Lack: "proof of identity as strong as the sign-in", Effect: "takeover of the account",
		Ask:     "What does recovery at {target} ask for, and is the owner told and given time to object?",
		Control: stride.MultiFactor, Also: []stride.ControlName{stride.RateLimiting},
		Terms: []string{"recovery code", "reset link", "identity check"}, Risk: risk(3, 3), Most: 1, CWE: []string{"CWE-640"}, CAPEC: []string{"CAPEC-50"},
		Fixes: fixes(fix("Send single-use, short-lived reset links from {target}, ask for a second factor or recovery code, tell the owner on all channels, and end sessions.", "ASVS 6.4.3", "CWE-640")),
		element: func(n *node) bool {
			return (n.signsPeopleIn() || n.service() && n.is("web_app", "api")) && n.takes([]string{"reset", "recover", "forgot"})
		},
		hear: hears((*node).door, "password reset", "reset password", "reset their password", "reset the password", "resets password", "forgot", "account recovery", "security question", "recovery question", "recover access", "recovery code", "recovery mail", "recovery e mail"),
	},
	{
		ID: "id-support-impersonation", Category: stride.ElevationOfPrivilege,
		Title: "{source} talked or bribed into access through {dest}",
		Actor: "A caller who poses as a customer, or {source} on their own account", Action: "have accounts opened, reset or read in {dest}",
		Fact: "support staff may act on any account there", Lack: "approval by the customer", Effect: "takeover of accounts that no technical check stops",
		Ask:     "Which proofs must a caller give to {source}, and does the customer see and approve what is done in {dest}?",
		Control: stride.HumanApproval, Also: []stride.ControlName{stride.LeastPrivilege, stride.MultiFactor},
		Terms: []string{"customer consent", "call-back", "just-in-time access"}, Risk: risk(3, 3), Most: 1, CWE: []string{"CWE-269", "CWE-640"}, CAPEC: []string{"CAPEC-407"},
		Fixes: fixes(fix("Let {source} act on an account only with a code from its owner, for minutes, under their own name in {dest}, and notify the owner.", "ASVS 8.4.2", "CWE-269")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.from.support() && !e.from.is("end_user") && (e.to.service() || e.to.outside) && !e.to.person() && !e.to.is("llm")
		},
	},
}

// sharedIssuer reports whether n signs people in for more than one application.
func (n *node) sharedIssuer() bool { return n.signsPeopleIn() && len(n.relyingParties()) > 1 }
