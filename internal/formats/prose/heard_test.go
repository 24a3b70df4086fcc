package prose

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Every pattern of the table is found where a text says it, speaks of the control
// of its row, and is missing where the text denies it.
func TestEverySafeguardIsHeard(t *testing.T) {
	t.Parallel()
	x := extractor{phrases: controlIndex(), weaknesses: weaknessIndex(), safeguards: patternIndex(safeguardTable), denied: deniedIndex()}
	for _, row := range safeguardTable {
		for _, p := range strings.Split(row.patterns, "|") {
			said := strings.ReplaceAll(p, "_", "some other")
			for text, state := range map[string]stride.ControlState{"the archive " + said: stride.ControlPresent, "the archive never " + said: stride.ControlAbsent} {
				require.True(t, slices.ContainsFunc(x.controlsIn(text), func(f finding) bool { return f.name == row.control && f.state == state }), "%s: %q", row.control, text)
			}
		}
	}
}

func TestSafeguardsOfParts(t *testing.T) {
	t.Parallel()
	const shelves = "The Loan app calls the Shelf API. The Shelf API reads the Ledger database. "
	for text, want := range map[string]struct {
		part    string
		control stride.ControlName
		state   stride.ControlState
	}{
		"The Shelf API is protected by a rate-based rule.":                                {"Shelf API", stride.RateLimiting, stride.ControlPresent},
		"The Shelf API is limited to 20 calls per minute.":                                {"Shelf API", stride.RateLimiting, stride.ControlPresent},
		"The Shelf API is not limited to any number of calls per minute.":                 {"Shelf API", stride.RateLimiting, stride.ControlAbsent},
		"The Shelf API checks that the reader may open the loan.":                         {"Shelf API", stride.Authorization, stride.ControlPresent},
		"The Shelf API verifies the signature header of each event.":                      {"Shelf API", stride.IntegrityCheck, stride.ControlPresent},
		"Releases are signed and the Shelf API runs them.":                                {"Shelf API", stride.CodeSigning, stride.ControlPresent},
		"The Shelf API requires an exact match of redirect URIs.":                         {"Shelf API", stride.InputValidation, stride.ControlPresent},
		"The Shelf API pins the exact versions of its libraries.":                         {"Shelf API", stride.DependencyScanning, stride.ControlPresent},
		"The Ledger database is replicated to the second data centre.":                    {"Ledger database", stride.Redundancy, stride.ControlPresent},
		"The Loan app keeps a local list and buffers loans while offline.":                {"Loan app", stride.Redundancy, stride.ControlPresent},
		"Two people must approve what the Shelf API deletes.":                             {"Shelf API", stride.HumanApproval, stride.ControlPresent},
		"The Shelf API is restricted to the local host.":                                  {"Shelf API", stride.NetworkIsolation, stride.ControlPresent},
		"Loans stay on an SD card, not encrypted.":                                        {"SD card", stride.EncryptionAtRest, stride.ControlAbsent},
		"It verifies tokens. It applies rate limits and calls the Mail API.":              {"Shelf API", stride.RateLimiting, stride.ControlPresent},
		"The table is encrypted with an AWS KMS key.":                                     {"Ledger database", stride.EncryptionAtRest, stride.ControlPresent},
		"The Shelf API has custom metrics and alarms.":                                    {"Shelf API", stride.Monitoring, stride.ControlPresent},
		"An audit log of changes can be exported.":                                        {"Audit log", stride.AuditLogging, stride.ControlPresent},
		"The Admin console sets loan terms. An audit log of terms can be exported.":       {"Admin console", stride.AuditLogging, stride.ControlPresent},
		"The Shelf API answers the desk. Requests are streamed over HTTP/2 with TLS 1.3.": {"Shelf API", stride.EncryptionInTransit, stride.ControlPresent},
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			e := named(t, parse(t, shelves+text), want.part)
			require.Equal(t, want.state, e.Controls.State(want.control), "%+v", e.Controls)
		})
	}
}

// A load is no limit, an order of a hospital is no mapper.
func TestWhatIsNoSafeguard(t *testing.T) {
	t.Parallel()
	a := parse(t, "The Loan app calls the Shelf API. The Shelf API serves 300 requests per second. The Shelf API gets HL7 ORM orders from the Desk service.")
	e := named(t, a, "Shelf API")
	require.NotEqual(t, stride.ControlPresent, e.Controls.State(stride.RateLimiting))
	require.NotEqual(t, stride.ControlPresent, e.Controls.State(stride.ParameterizedQueries))
}

// Protocols that encrypt and authenticate nothing by themselves.
func TestPlainProtocols(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]stride.ControlState{
		"- Scanner server -> Shelf API: images. DICOM, ward network.":          stride.ControlAbsent,
		"- Scanner server -> Shelf API: orders by MLLP.":                       stride.ControlAbsent,
		"- Scanner server -> Shelf API: registers over Modbus.":                stride.ControlAbsent,
		"- Scanner server -> Shelf API: images. DICOM over TLS.":               stride.ControlPresent,
		"- Scanner server -> Shelf API: images. DICOM over an IPsec VPN.":      stride.ControlPresent,
		"- Scanner server -> Shelf API: images of any kind.":                   stride.ControlUnknown,
		"- Scanner server -> Shelf API: DICOM images, encrypted by the router": stride.ControlPresent,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			a := parse(t, "## Components\n\n- Scanner server: sends images\n- Shelf API: keeps images\n\n## Data flows\n\n"+text+"\n")
			require.Len(t, a.Flows, 1)
			require.Equal(t, want, a.Flows[0].Controls.State(stride.EncryptionInTransit))
		})
	}
}

// One line may state several flows; each has its own protocol.
func TestFlowsInOneLine(t *testing.T) {
	t.Parallel()
	a := parse(t, "## Components\n\n- Scanner server: sends images\n- Shelf API: keeps images\n- Desk service: prints\n\n## Data flows\n\n"+
		"1. Scanner server -> Shelf API: report; Shelf API -> Desk service: HL7 orders.\n")
	require.Empty(t, cmp.Diff([]string{"Scanner server -> Shelf API", "Shelf API -> Desk service"}, flowNames(a)))
	require.Empty(t, a.Flows[0].Protocol)
	require.Equal(t, "hl7", a.Flows[1].Protocol)
}

// What flows inside of one machine crosses no boundary.
func TestOneDeviceIsOneZone(t *testing.T) {
	t.Parallel()
	a := parse(t, "The shelf robot has wheels. The 3D camera sends points to the Perception service. The Perception service sends speeds to the Drive service. "+
		"The Drive service sends commands to the wheel motors. The shelf robot calls the Shelf API. The Shelf API reads MySQL.")
	zone := named(t, a, "3D camera").Zone
	require.NotEmpty(t, zone)
	require.Equal(t, zone, named(t, a, "Perception service").Zone)
	require.Equal(t, zone, named(t, a, "Drive service").Zone)
	require.Empty(t, cmp.Diff(stride.Key(""), named(t, a, "Shelf API").Zone))
}
