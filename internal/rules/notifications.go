package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// notifications holds the attacks by mail, text message and push.
var notifications = []Rule{
	{
		ID: "mail-spoofed-sender", Category: stride.Spoofing,
		Title: "Mail forged in the name of the domain that uses {target}",
		Actor: "A phisher", Action: "send mail that looks as if the system had sent it by {target}",
		Fact: "users expect mail from it", Lack: "sender policy for the domain", Effect: "credentials and payments handed to impostors",
		Ask:     "Does the domain that sends by {target} publish SPF, DKIM and a DMARC policy of reject?",
		Control: stride.Authentication, Also: []stride.ControlName{stride.IntegrityCheck},
		Terms: []string{"SPF", "DKIM", "DMARC"}, Risk: risk(3, 3), Most: 1, CWE: []string{"CWE-290"}, CAPEC: []string{"CAPEC-98"},
		Fixes:   fixes(fix("Sign mail by DKIM, publish SPF for {target} only and DMARC with p=reject, and put no sign-in links into mail.", "CAPEC-98", "CWE-290")),
		element: func(n *node) bool { return n.mails() && len(n.in) > 0 },
	},
	{
		ID: "mail-inbound-forgery", Category: stride.Spoofing,
		Title: "Forged mail from {source} taken for its sender's word by {dest}",
		Actor: "Anybody who can send mail", Action: "send mail under somebody else's address that {source} passes on to {dest}",
		Fact: "a sender's address proves nothing", Lack: "check of the sender", Effect: "entries and orders in other people's names",
		Ask:     "How does {dest} know that mail from {source} was written by whom it names?",
		Control: stride.Authentication, Also: []stride.ControlName{stride.IntegrityCheck},
		Terms: []string{"DKIM", "signed reply address", "DMARC"}, Risk: risk(4, 2), CWE: []string{"CWE-290"}, CAPEC: []string{"CAPEC-194"},
		Fixes: fixes(fix("Check DMARC results of mail from {source}, put an unguessable token into the reply address, and treat the text in {dest} as a stranger's input.", "CWE-290")),
		at:    atFlowAndReceiver,
		flow:  func(e *edge) bool { return e.from.mails() && e.to.service() && !e.to.mails() },
	},
	{
		ID: "mail-content-injection", Category: stride.Tampering,
		Title: "Text of strangers sent out as mail by {source} through {dest}",
		Actor: "Anybody who may fill in a name or message", Action: "put links and markup into mail that {source} sends through {dest}",
		Fact: "such mail carries the system's good name", Lack: "encoding of what users wrote", Effect: "phishing of other users with genuine mail",
		Ask:     "Which user-written text does {source} put into mail, and is it encoded and bounded?",
		Control: stride.OutputEncoding, Also: []stride.ControlName{stride.InputValidation},
		Terms: []string{"template", "escape", "plain text"}, Risk: risk(3, 2), Most: 1, CWE: []string{"CWE-116", "CWE-93"}, CAPEC: []string{"CAPEC-242"},
		Fixes: fixes(fix("Encode user text in mail templates of {source}, strip links and line breaks, and limit mails per user and recipient.", "ASVS 1.2.1", "CWE-116")),
		at:    atFlow,
		flow: func(e *edge) bool {
			return e.to.mails() && e.from.service() && !e.from.outside && e.from.handlesOutsideInput()
		},
	},
	{
		ID: "sms-toll-fraud", Category: stride.DenialOfService,
		Title: "Text messages pumped to premium numbers through {target}",
		Actor: "A fraudster who shares in the fees", Action: "request codes for thousands of numbers so that {target} sends and bills them",
		Fact: "whoever asks for a message makes the owner pay", Lack: "limit per number, country and caller", Effect: "a large bill, and real users who get no code",
		Ask:     "Which limits per number, prefix and caller stand before {target}?",
		Control: stride.RateLimiting, Also: []stride.ControlName{stride.Quotas},
		Terms: []string{"rate limit", "geo permissions", "CAPTCHA"}, Risk: risk(3, 3), Most: 1, CWE: []string{"CWE-799", "CWE-770"}, CAPEC: []string{"CAPEC-212"},
		Fixes:   fixes(fix("Allow only the countries that you serve at {target}, limit messages per number, prefix and caller, and stop on a failing conversion rate.", "ASVS 2.4.1", "CWE-799")),
		element: func(n *node) bool { return n.texts() && len(n.in) > 0 },
	},
	{
		ID: "sms-intercepted-code", Category: stride.Spoofing,
		Title: "Codes sent through {target} caught by SIM swap or relay",
		Actor: "A fraudster who takes over the number, or talks the victim into reading the code out", Action: "receive codes from {target} and use them as the victim",
		Fact: "a text message proves who holds the number and no more", Lack: "factor that resists phishing", Effect: "takeover of the account",
		Ask:     "Which actions rest on a code through {target} alone, and is a recent SIM change checked?",
		Control: stride.MultiFactor, Terms: []string{"passkey", "SIM change", "authenticator app"}, Risk: risk(3, 4), Most: 1, CWE: []string{"CWE-308", "CWE-640"}, CAPEC: []string{"CAPEC-151"},
		Fixes: fixes(fix("Offer passkeys or app codes in place of {target}, check for recent SIM changes, bind each code to one action, and delay payouts after a change of number.", "ASVS 6.3.3", "CWE-308")),
		element: func(n *node) bool {
			return n.texts() && (n.told("code", "otp", "verification", "2fa", "mfa") || n.takes([]string{"code", "otp", "verification"}))
		},
	},
	{
		ID: "push-leak", Category: stride.InformationDisclosure,
		Title: "Private content of notifications through {target} shown to others",
		Actor: "Whoever looks at the lock screen, or the operator of the push network", Action: "read what notifications of {callers} through {target} say",
		Fact: "they pass a third party and appear on a locked screen", Lack: "minimization of their content", Effect: "disclosure of {data} without unlocking anything",
		Ask:     "What do notifications through {target} say, and is it encrypted end to end or fetched after unlocking?",
		Control: stride.DataMinimization,
		Terms:   []string{"lock screen", "content-free push"}, Risk: risk(3, 2), Most: 1, CWE: []string{"CWE-200"}, CAPEC: []string{"CAPEC-569"},
		Fixes:   fixes(fix("Send through {target} only that there is news, fetch the content after unlocking, and let users choose what shows.", "ASVS 14.2.4", "CWE-200")),
		element: (*node).pushes,
	},
}

func (n *node) pushes() bool {
	return n.is("sms_service") && n.named("push", "fcm", "apns", "firebase", "onesignal")
}

func (n *node) texts() bool { return n.is("sms_service") && !n.pushes() }

// mails reports whether n sends or takes mail.
func (n *node) mails() bool { return n.is("email_service") && !n.named("notification") }
