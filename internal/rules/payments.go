package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// payments holds fraud on money flows.
var payments = []Rule{
	{
		ID: "pay-altered-amount", Category: stride.Tampering,
		Title: "Amount or recipient of a payment through {dest} altered",
		Actor: "A customer, or somebody between {source} and {dest}", Action: "change amount, currency or recipient of an order before it is paid",
		Fact: "{target} carries what is to be paid", Lack: "check of the amount against the order", Effect: "goods paid with too little or money sent elsewhere",
		Ask:     "Is the amount computed on the server and compared with what {dest} confirms?",
		Control: stride.IntegrityCheck, Also: []stride.ControlName{stride.InputValidation},
		Terms: []string{"server-side price", "verify amount", "signature"}, Risk: risk(3, 4), CWE: []string{"CWE-345", "CWE-602"}, CAPEC: []string{"CAPEC-384"},
		Fixes: fixes(fix("Compute the amount on the server, bind it to the order id, and compare with the confirmation of {dest} before delivery.", "ASVS 2.3.1", "CWE-345")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.to.is("payment_service") && !e.from.is("payment_service") && !e.from.person() && e.to.paid()
		},
	},
	{
		ID: "pay-card-skimming", Category: stride.InformationDisclosure,
		Title: "Card data skimmed in {source} while it is entered",
		Actor: "Malware on the customer's machine, or a script injected into the payment page", Action: "read card data in {source} before it is sent to {dest}",
		Fact: "card data is typed there", Lack: "integrity check of the scripts on the payment page", Effect: "theft of card data from many customers unnoticed",
		Ask:     "Which scripts run on the page where card data is entered, and are they pinned and watched?",
		Control: stride.IntegrityCheck, Also: []stride.ControlName{stride.OutputEncoding},
		Terms: []string{"subresource integrity", "Content-Security-Policy", "hosted fields"}, Risk: risk(3, 4),
		CWE: []string{"CWE-353", "CWE-829"}, CAPEC: []string{"CAPEC-569"},
		Fixes: fixes(fix("Let the provider's hosted fields take card data in {source}, keep third-party scripts off that page, pin the rest by hash, and alert on changes.", "ASVS 3.6.1", "CWE-353")),
		at:    atFlow,
		flow: func(e *edge) bool {
			return e.from.is("browser", "mobile_app") && !e.from.named("staff", "admin", "employee") && anyClass(e.Data, []stride.DataClass{stride.DataPayment}) && e.to.paid()
		},
	},
	{
		ID: "pay-stolen-card", Category: stride.Spoofing,
		Title: "Payments with stolen cards through {target}",
		Actor: "A fraudster", Action: "test and use stolen card numbers at {target} as if they were the holder",
		Lack: "strong authentication of the payer", Effect: "chargebacks, fees and loss of the merchant account",
		Ask:     "Is 3-D Secure or fraud scoring used before {target} is charged?",
		Control: stride.MultiFactor, Also: []stride.ControlName{stride.RateLimiting, stride.Monitoring},
		Terms: []string{"3-D Secure", "fraud detection", "CVC"}, Risk: risk(3, 3), Most: 1, CWE: []string{"CWE-290", "CWE-799"}, CAPEC: []string{"CAPEC-21"},
		Fixes: fixes(fix("Require 3-D Secure for risky payments, limit attempts per card and address, and review refunds.", "ASVS 2.4.1", "CWE-799")),
		element: func(n *node) bool {
			return n.paid() && !n.calledBy(func(c *node) bool { return c.is("payment_service") })
		},
	},
	{
		ID: "pay-denied-order", Category: stride.Repudiation,
		Title: "Disputed payments through {target}",
		Actor: "A customer or an employee", Action: "deny a payment that went through {target}",
		Lack: "record that ties it to a person", Effect: "losses in disputes and undetected internal fraud",
		Ask:     "Which records tie each payment through {target} to a person and to what it was for?",
		Control: stride.AuditLogging, Terms: []string{"audit", "receipt", "log"}, Risk: risk(3, 3), Most: 1, CWE: []string{"CWE-778"}, CAPEC: []string{"CAPEC-195"},
		Fixes:   fixes(fix("Keep purpose, consent, actor and confirmation of each payment through {target} together in an append-only record; need two people for large repayments.", "ASVS 16.2.1", "CWE-778")),
		element: (*node).paid,
	},
	{
		ID: "pay-account-takeover", Category: stride.ElevationOfPrivilege,
		Title: "Merchant's account at {target} taken over, refunds and payouts issued",
		Actor: "An attacker who phishes an employee or steals their laptop", Action: "sign in to the merchant's dashboard of {target} and issue refunds or change the payout account",
		Fact: "that account commands the merchant's money", Lack: "second factor for the dashboard", Effect: "money sent elsewhere and customers' data read",
		Ask:     "Who can sign in to the dashboard of {target}, with a second factor, and who approves refunds and payout changes?",
		Control: stride.MultiFactor, Also: []stride.ControlName{stride.HumanApproval, stride.LeastPrivilege},
		Terms: []string{"MFA", "two-factor", "dashboard roles"}, Risk: risk(2, 4), Most: 1,
		CWE: []string{"CWE-308", "CWE-269"}, CAPEC: []string{"CAPEC-98", "CAPEC-560"},
		Fixes:   fixes(fix("Require passkeys for the dashboard of {target}, give each employee the smallest role, need two people for payout changes and large refunds, and alert on both.", "ASVS 6.3.3", "CWE-308")),
		element: func(n *node) bool { return n.paid() && n.outside },
	},
	{
		ID: "pay-charged-twice", Category: stride.Tampering,
		Title: "One payment by {source} carried out twice at {dest}",
		Actor: "A retry after a timeout, or a user who sends the request again", Action: "have {source} order the same payment from {dest} once more",
		Fact: "a lost answer looks like a lost request", Lack: "idempotency key per order", Effect: "customers charged twice, or goods and credits given twice for one payment",
		Ask:     "Does {source} send {dest} an idempotency key that belongs to the order?",
		Control: stride.ReplayProtection, Terms: []string{"idempotency key", "unique constraint"}, Risk: risk(3, 3), Most: 1, CWE: []string{"CWE-837", "CWE-362"}, CAPEC: []string{"CAPEC-60"},
		Fixes: fixes(fix("Derive the idempotency key of each call from {source} to {dest} from the order, hold one open payment per order, and reconcile daily.", "ASVS 2.3.1", "CWE-837")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.to.paid() && e.from.service() && !e.from.is("payment_service", "gateway")
		},
	},
	{
		ID: "pay-insider-refund", Category: stride.ElevationOfPrivilege,
		Title: "Refunds or credits to themselves by {source} through {dest}",
		Actor: "An employee, or {source} under pressure", Action: "issue refunds, credits or payouts to an account of their own through {dest}",
		Fact: "{source} can move money there", Lack: "second person for it", Effect: "theft that looks like service to customers",
		Ask:     "Above which sum does a second person approve what {source} does in {dest}, and who compares?",
		Control: stride.HumanApproval, Also: []stride.ControlName{stride.LeastPrivilege},
		Terms: []string{"four eyes", "limit", "approval"}, Risk: risk(2, 4), Most: 1, CWE: []string{"CWE-269"}, CAPEC: []string{"CAPEC-122"},
		Fixes: fixes(fix("Need two people for refunds and credits by {source} above a small sum, pay back only to the means of payment, and review totals per employee.", "CWE-269")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.from.person() && (e.from.insider() || e.from.support() || e.from.named("staff", "employee", "analyst", "clerk", "cashier", "merchant")) && !e.to.person() &&
				(e.to.is("payment_service") || e.says("refund", "payout"))
		},
	},
}

// paid reports whether people pay by way of n: card or checkout is said of it or
// of a flow at it, or payment data reaches it, so that it is no mere ledger.
func (n *node) paid() bool {
	if !n.is("payment_service") {
		return false
	}
	if n.outside && (n.receives(stride.DataPayment) || n.calledBy(func(c *node) bool { return c.is("client", "end_user") })) {
		return true
	}
	stems := []string{"card", "checkout", "purchase", "cart", "charge", "order"}
	return n.takes(stems) || n.outside && n.quoted.holds(stems...)
}
