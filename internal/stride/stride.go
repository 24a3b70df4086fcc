// Package stride is the domain of threatdraft: the words that every other
// package speaks, their invariants and their state machines.
//
// It exists so that the edge, the storage, the rules and the language models
// agree on one meaning of Element, Suggestion or Threat. It knows no HTTP, no
// SQL and no model provider, imports the standard library only, and does no I/O.
//
// The seams are the typed errors of errors.go, which the edge translates once,
// and the transition tables beside each state, which storage guards.
package stride

import "fmt"

// Category is one of the six letters of STRIDE.
// Source: Shostack, "Threat Modeling: Designing for Security", chapter 3.
type Category string

const (
	Spoofing              Category = "spoofing"
	Tampering             Category = "tampering"
	Repudiation           Category = "repudiation"
	InformationDisclosure Category = "information_disclosure"
	DenialOfService       Category = "denial_of_service"
	ElevationOfPrivilege  Category = "elevation_of_privilege"
)

// Categories returns the six categories in STRIDE order.
func Categories() []Category {
	return []Category{Spoofing, Tampering, Repudiation, InformationDisclosure, DenialOfService, ElevationOfPrivilege}
}

// Valid reports whether c is one of the six.
func (c Category) Valid() bool { return c.rank() < len(Categories()) }

// Title returns the category as people write it, for example "Denial of Service".
func (c Category) Title() string {
	switch c {
	case Spoofing:
		return "Spoofing"
	case Tampering:
		return "Tampering"
	case Repudiation:
		return "Repudiation"
	case InformationDisclosure:
		return "Information Disclosure"
	case DenialOfService:
		return "Denial of Service"
	case ElevationOfPrivilege:
		return "Elevation of Privilege"
	}
	return string(c)
}

// Less orders categories as the acronym does.
func (c Category) Less(other Category) bool { return c.rank() < other.rank() }

func (c Category) rank() int {
	for i, known := range Categories() {
		if c == known {
			return i
		}
	}
	return len(Categories())
}

// Confidence says how sure the drafter is that a suggestion applies. It is
// separate from severity: an unmentioned control gives a low confidence.
type Confidence string

const (
	ConfidenceHigh   Confidence = "high"
	ConfidenceMedium Confidence = "medium"
	ConfidenceLow    Confidence = "low"
)

// Confidences returns all values, most confident first.
func Confidences() []Confidence {
	return []Confidence{ConfidenceHigh, ConfidenceMedium, ConfidenceLow}
}

// Valid reports whether c is a known value.
func (c Confidence) Valid() bool { return c.Rank() > 0 }

// Rank is 3 for high, 2 for medium, 1 for low and 0 for anything else.
func (c Confidence) Rank() int {
	switch c {
	case ConfidenceHigh:
		return 3
	case ConfidenceMedium:
		return 2
	case ConfidenceLow:
		return 1
	}
	return 0
}

// Severity is derived from likelihood x impact and never set by hand.
type Severity string

const (
	SeverityLow      Severity = "low"
	SeverityMedium   Severity = "medium"
	SeverityHigh     Severity = "high"
	SeverityCritical Severity = "critical"
)

// Severities returns all values, worst first.
func Severities() []Severity {
	return []Severity{SeverityCritical, SeverityHigh, SeverityMedium, SeverityLow}
}

// Valid reports whether s is a known value.
func (s Severity) Valid() bool { return s.Rank() > 0 }

// Rank is 4 for critical down to 1 for low, and 0 for anything else.
func (s Severity) Rank() int {
	switch s {
	case SeverityCritical:
		return 4
	case SeverityHigh:
		return 3
	case SeverityMedium:
		return 2
	case SeverityLow:
		return 1
	}
	return 0
}

// Risk is a likelihood and an impact, each 1-4.
//
// Likelihood: 1 several unlikely steps or an insider with rights; 2 a skilled
// attacker inside; 3 a skilled attacker from outside, or anybody inside;
// 4 anybody from outside with common tools.
//
// Impact: 1 nuisance; 2 one user's or internal data, short outage; 3 many
// users' or confidential data, long outage; 4 credentials, keys, payment,
// health, safety, control of the system.
type Risk struct {
	Likelihood int `json:"likelihood"`
	Impact     int `json:"impact"`
}

// Severity is low for a product of 1-3, medium for 4-7, high for 8-11 and
// critical for 12-16.
func (r Risk) Severity() Severity {
	switch p := r.Likelihood * r.Impact; {
	case p >= 12:
		return SeverityCritical
	case p >= 8:
		return SeverityHigh
	case p >= 4:
		return SeverityMedium
	}
	return SeverityLow
}

// Validate returns Invalid, naming each field, unless both lie within 1-4.
func (r Risk) Validate() error {
	var fields []Field
	if r.Likelihood < 1 || r.Likelihood > 4 {
		fields = append(fields, Field{"likelihood", fmt.Sprintf("must be 1 to 4, is %d", r.Likelihood)})
	}
	if r.Impact < 1 || r.Impact > 4 {
		fields = append(fields, Field{"impact", fmt.Sprintf("must be 1 to 4, is %d", r.Impact)})
	}
	if fields == nil {
		return nil
	}
	return &Error{Kind: Invalid, Message: "the risk is out of range", Fields: fields}
}
