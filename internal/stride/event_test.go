package stride

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestChainHashCoversEveryColumn(t *testing.T) {
	t.Parallel()
	base := Event{
		ProjectID: "p", Seq: 7, Kind: EventThreatMoved, Subject: SubjectThreat, SubjectID: "t", ActorID: "u",
		At: time.UnixMicro(1_000_000), Payload: `{"to":"open"}`, PrevHash: "aa",
	}
	for name, change := range map[string]func(*Event){
		"project": func(e *Event) { e.ProjectID = "q" }, "seq": func(e *Event) { e.Seq++ },
		"kind": func(e *Event) { e.Kind = EventThreatUpdated }, "subject": func(e *Event) { e.Subject = SubjectModel },
		"subject id": func(e *Event) { e.SubjectID = "x" }, "actor": func(e *Event) { e.ActorID = "" },
		"time": func(e *Event) { e.At = e.At.Add(time.Microsecond) }, "payload": func(e *Event) { e.Payload = "{}" },
		"previous": func(e *Event) { e.PrevHash = "ab" },
	} {
		other := base
		change(&other)
		require.NotEqual(t, base.ChainHash(), other.ChainHash(), name)
	}
	other := base
	other.At = base.At.In(time.FixedZone("x", 3600))
	require.Equal(t, base.ChainHash(), other.ChainHash(), "the zone of a moment does not matter")
}
