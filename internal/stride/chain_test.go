package stride_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// chained is n events of a project, as they are stored.
func chained(n int64) []stride.Event {
	var out []stride.Event
	prev := ""
	for seq := range n {
		e := stride.Event{
			ProjectID: "p", Seq: seq + 1, Kind: stride.EventProjectUpdated, Subject: stride.SubjectProject, SubjectID: "p",
			ActorID: "u", At: time.Unix(1_700_000_000+seq, 0), Payload: `{"name":"x"}`, PrevHash: prev,
		}
		e.Hash = e.ChainHash()
		prev = e.Hash
		out = append(out, e)
	}
	return out
}

func TestChainFollow(t *testing.T) {
	t.Parallel()
	rehash := func(e *stride.Event) { e.Hash = e.ChainHash() }
	tests := map[string]struct {
		tamper func([]stride.Event) []stride.Event
		want   string
	}{
		"untouched": {func(e []stride.Event) []stride.Event { return e }, ""},
		"altered":   {func(e []stride.Event) []stride.Event { e[2].Payload = `{"name":"y"}`; return e }, "event 3 has been altered"},
		"another's": {func(e []stride.Event) []stride.Event { e[0].ActorID = "v"; return e }, "event 1 has been altered"},
		"altered and hashed again": {func(e []stride.Event) []stride.Event {
			e[2].Payload = `{"name":"y"}`
			rehash(&e[2])
			return e
		}, "event 4 does not follow"},
		"first gone":  {func(e []stride.Event) []stride.Event { return e[1:] }, "event 1 is missing"},
		"middle gone": {func(e []stride.Event) []stride.Event { return append(e[:2:2], e[3:]...) }, "event 3 is missing"},
		"two swapped": {func(e []stride.Event) []stride.Event {
			e[1].Payload, e[2].Payload = "{}", e[1].Payload
			return e
		}, "event 2 has been altered"},
		"of another project": {func(e []stride.Event) []stride.Event {
			e[4].ProjectID = "q"
			rehash(&e[4])
			return e
		}, "event 5 belongs to another project"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := stride.Chain{Project: "p"}
			var err error
			for _, e := range tt.tamper(chained(5)) {
				if err = c.Follow(e); err != nil {
					break
				}
			}
			if tt.want == "" {
				require.NoError(t, err)
				require.Equal(t, stride.Chain{Project: "p", Length: 5, Head: chained(5)[4].Hash}, c)
				return
			}
			require.ErrorContains(t, err, tt.want)
		})
	}
}
