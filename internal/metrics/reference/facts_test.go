package reference_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/metrics/reference"
	"github.com/threatdraft/threatdraft/internal/stride"
)

func TestFacts(t *testing.T) {
	t.Parallel()
	for _, c := range reference.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			h := &reference.History{}
			c.Record(h)
			if !c.Reach.All && c.Reach.Projects == nil {
				c.Reach.All = true
			}
			got, err := reference.Facts(h, c.Reach, c.Window)
			require.NoError(t, err)
			c.Want.Window = c.Window
			require.Empty(t, cmp.Diff(c.Want, got, cmpopts.EquateEmpty()))
		})
	}
}

func TestFactsRefusesAPayloadThatItCannotRead(t *testing.T) {
	t.Parallel()
	h := &reference.History{}
	h.CreateProject(reference.Day(0), "p1", stride.InScopeTrue)
	h.Events[0].Payload = "["
	_, err := reference.Facts(h, stride.Reach{All: true}, reference.Cases()[0].Window)
	require.ErrorContains(t, err, "project.created of p1")
}
