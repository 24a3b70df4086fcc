package prose

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

func TestDeniedWords(t *testing.T) {
	t.Parallel()
	const parts = "The Case Review tool is a web application that analysts use. "
	for name, c := range map[string]struct {
		text    string
		control stride.ControlName
		want    bool
	}{
		"a verb":                   {"We don't log who looks at a case.", stride.AuditLogging, true},
		"a verb after a contrast":  {"While we log who closes a case, we do not log who looks at one.", stride.AuditLogging, true},
		"a participle":             {"Changes of settings are not recorded.", stride.AuditLogging, true},
		"a noun":                   {"It has no logins of its own.", stride.Authentication, true},
		"switched off":             {"Request logging is off by default.", stride.AuditLogging, true},
		"decided by its company":   {"Access of members is not restricted.", stride.Authorization, true},
		"by another company":       {"Its origin address has not been restricted.", stride.NetworkIsolation, true},
		"nothing in its company":   {"Its colours are not restricted.", stride.Authorization, false},
		"data that is spared":      {"Passwords are never logged.", stride.AuditLogging, false},
		"a condition":              {"If a file is not validated, it is refused.", stride.InputValidation, false},
		"a word of another phrase": {"Multi-factor authentication is offered but not required.", stride.Authentication, false},
		"denied twice":             {"No request is served without validation.", stride.InputValidation, false},
		"another kind of second":   {"There is no second factor for owners.", stride.Redundancy, false},
		"and what it is":           {"There is no second factor for owners.", stride.MultiFactor, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, _, err := Parse(stride.Source{ID: "s", Content: []byte(parts + c.text)})
			require.NoError(t, err)
			denied := false
			for _, e := range a.Elements {
				denied = denied || e.Controls.State(c.control) == stride.ControlAbsent
			}
			require.Equal(t, c.want, denied, "%+v", a.Elements)
		})
	}
}
