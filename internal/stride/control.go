package stride

// ControlState is what the source says about a control. Unknown is not absent:
// what the text does not mention yields a Question, not an accusation.
type ControlState string

const (
	ControlPresent ControlState = "present"
	ControlAbsent  ControlState = "absent"
	ControlUnknown ControlState = "unknown"
	// ControlNotApplicable is only ever an Answer.
	ControlNotApplicable ControlState = "not_applicable"
)

// Valid reports whether s may stand in an Architecture.
func (s ControlState) Valid() bool {
	return s == ControlPresent || s == ControlAbsent || s == ControlUnknown || s == ControlNotApplicable
}

// ControlName is the name of a safeguard that an element or flow may have.
type ControlName string

const (
	Authentication       ControlName = "authentication"
	MutualAuthentication ControlName = "mutual_authentication"
	MultiFactor          ControlName = "multi_factor"
	// UniqueCredentials: no default, and none that several people or parts share.
	UniqueCredentials    ControlName = "unique_credentials"
	Authorization        ControlName = "authorization"
	LeastPrivilege       ControlName = "least_privilege"
	SessionManagement    ControlName = "session_management"
	EncryptionInTransit  ControlName = "encryption_in_transit"
	EncryptionAtRest     ControlName = "encryption_at_rest"
	KeyManagement        ControlName = "key_management"
	SecretsManagement    ControlName = "secrets_management"
	InputValidation      ControlName = "input_validation"
	ParameterizedQueries ControlName = "parameterized_queries"
	OutputEncoding       ControlName = "output_encoding"
	CSRFProtection       ControlName = "csrf_protection"
	MalwareScanning      ControlName = "malware_scanning"
	RateLimiting         ControlName = "rate_limiting"
	Quotas               ControlName = "quotas"
	Redundancy           ControlName = "redundancy"
	DDoSProtection       ControlName = "ddos_protection"
	AuditLogging         ControlName = "audit_logging"
	LogIntegrity         ControlName = "log_integrity"
	Monitoring           ControlName = "monitoring"
	Backup               ControlName = "backup"
	IntegrityCheck       ControlName = "integrity_check"
	CodeSigning          ControlName = "code_signing"
	CodeReview           ControlName = "code_review"
	DependencyScanning   ControlName = "dependency_scanning"
	ReplayProtection     ControlName = "replay_protection"
	NetworkIsolation     ControlName = "network_isolation"
	EgressFiltering      ControlName = "egress_filtering"
	Sandboxing           ControlName = "sandboxing"
	TenantIsolation      ControlName = "tenant_isolation"
	PhysicalProtection   ControlName = "physical_protection"
	SecureBoot           ControlName = "secure_boot"
	HumanApproval        ControlName = "human_approval"
	PromptFiltering      ControlName = "prompt_filtering"
	DataMinimization     ControlName = "data_minimization"
	FailClosed           ControlName = "fail_closed"
)

// ControlNames returns every control that an Architecture may name.
func ControlNames() []ControlName {
	return []ControlName{
		Authentication, MutualAuthentication, MultiFactor, UniqueCredentials, Authorization, LeastPrivilege, SessionManagement,
		EncryptionInTransit, EncryptionAtRest, KeyManagement, SecretsManagement, InputValidation, ParameterizedQueries,
		OutputEncoding, CSRFProtection, MalwareScanning, RateLimiting, Quotas, Redundancy, DDoSProtection, AuditLogging,
		LogIntegrity, Monitoring, Backup, IntegrityCheck, CodeSigning, CodeReview, DependencyScanning, ReplayProtection,
		NetworkIsolation, EgressFiltering, Sandboxing, TenantIsolation, PhysicalProtection, SecureBoot, HumanApproval,
		PromptFiltering, DataMinimization, FailClosed,
	}
}

// Valid reports whether n is a known control.
func (n ControlName) Valid() bool {
	for _, known := range ControlNames() {
		if n == known {
			return true
		}
	}
	return false
}

// Control is the state of one control, with what says so.
type Control struct {
	State    ControlState `json:"state"`
	Evidence []Evidence   `json:"evidence"`
}

// Controls holds what is known about controls; one that is missing is unknown.
type Controls map[ControlName]Control

// State returns the state of the control, unknown where nothing is recorded.
func (c Controls) State(n ControlName) ControlState {
	if got, ok := c[n]; ok && got.State != "" {
		return got.State
	}
	return ControlUnknown
}

func (c Controls) orEmpty() Controls {
	if c == nil {
		return Controls{}
	}
	for n, ctl := range c {
		ctl.Evidence = orEmpty(ctl.Evidence)
		c[n] = ctl
	}
	return c
}
