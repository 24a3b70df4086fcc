package prose

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Every pattern of the table is found where a text says it, and speaks of the
// control of its row.
func TestEveryWeaknessIsHeard(t *testing.T) {
	t.Parallel()
	x := extractor{phrases: controlIndex(), weaknesses: weaknessIndex()}
	for _, row := range weaknessTable {
		for _, p := range strings.Split(row.patterns, "|") {
			found := x.controlsIn("the archive, " + strings.ReplaceAll(p, "_", "some other") + " here")
			require.True(t, slices.ContainsFunc(found, func(f finding) bool {
				return f.name == row.control && f.state == stride.ControlAbsent
			}), "%s: %q", row.control, p)
		}
	}
}

// preamble names the parts of which the sentences under test speak.
const preamble = "The Meter Gateway calls the Invoice API. The Door controller calls the Archive service. "

func TestWeaknesses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]stride.ControlName{
		"The meters use a seed that is the same for all units and the Meter Gateway reads them.":             stride.UniqueCredentials,
		"The Invoice API issues tokens that do not expire unless revoked.":                                   stride.SessionManagement,
		"The Export worker follows redirects.":                                                               stride.EgressFiltering,
		"If the Risk service does not answer in time the Order API lets it through.":                         stride.FailClosed,
		"The Search API has no limit on query depth.":                                                        stride.Quotas,
		"The Archive service does not log who opened a file.":                                                stride.AuditLogging,
		"Alarms of the Pump controller are not reviewed.":                                                    stride.Monitoring,
		"Firmware images of the Door controller are not signed.":                                             stride.CodeSigning,
		"Messages of the Door controller are not signed.":                                                    stride.IntegrityCheck,
		"The Upload service stores files that are not scanned.":                                              stride.MalwareScanning,
		"Multi-factor authentication on the Admin console is offered but not required.":                      stride.MultiFactor,
		"MFA on the Admin console was bought but has not been rolled out.":                                   stride.MultiFactor,
		"Secure boot on the Door controller: not burnt in yet.":                                              stride.SecureBoot,
		"The Door controller has no mechanism against older signed images.":                                  stride.ReplayProtection,
		"The Orders database has one schema shared by all tenants.":                                          stride.TenantIsolation,
		"The Build server uses a shared runner.":                                                             stride.Sandboxing,
		"Antivirus on the Door controller is excluded for the program folder.":                               stride.MalwareScanning,
		"Messages on the Door controller are not authenticated; the vendor plans to introduce it next year.": stride.Authentication,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			a, _, err := Parse(stride.Source{ID: "s", Content: []byte(preamble + text)})
			require.NoError(t, err)
			require.True(t, slices.ContainsFunc(a.Elements, func(e stride.Element) bool { return e.Controls.State(want) == stride.ControlAbsent }),
				"no element lacks %s: %+v", want, a.Elements)
		})
	}
}

// What is denied in its turn, planned, or only a condition is no weakness.
func TestNoWeaknesses(t *testing.T) {
	t.Parallel()
	x := extractor{phrases: controlIndex(), weaknesses: weaknessIndex()}
	for _, text := range []string{
		"there are no default passwords on the gateway",
		"if an image is not signed it is refused",
		"unsigned images are rejected",
		"the gateway does not use shared accounts",
		"tokens should never expire silently",
		"encryption is used and the operators are not on call",
		"the traffic is authenticated but not encrypted",
	} {
		for _, f := range x.controlsIn(text) {
			if f.name != stride.EncryptionInTransit {
				require.NotEqual(t, stride.ControlAbsent, f.state, "%s: %s", text, f.name)
			}
		}
	}
	found := x.controlsIn("the traffic is authenticated but not encrypted")
	require.True(t, slices.ContainsFunc(found, func(f finding) bool { return f.name == stride.Authentication && f.state == stride.ControlPresent }))
}
