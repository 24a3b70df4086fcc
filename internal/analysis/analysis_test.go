package analysis

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// fieldsOf returns the fields that a stride.Error names.
func fieldsOf(t *testing.T, err error) []string {
	t.Helper()
	var e *stride.Error
	require.ErrorAs(t, err, &e)
	out := []string{}
	for _, f := range e.Fields {
		out = append(out, f.Field)
	}
	return out
}

func TestMatchSaysFirstWhatCanBeActedOn(t *testing.T) {
	t.Parallel()
	decided := stride.Errorf(stride.Conflict, "decided")
	for name, tc := range map[string]struct {
		match    Match
		conflict error
		want     stride.Kind
	}{
		"missing, though decided": {Match{}, decided, stride.PreconditionRequired},
		"decided, though stale":   {Match{Given: true, Revision: 1}, decided, stride.Conflict},
		"stale":                   {Match{Given: true, Revision: 1}, nil, stride.Stale},
		"any":                     {Match{Given: true, Any: true}, nil, ""},
		"right":                   {Match{Given: true, Revision: 2}, nil, ""},
	} {
		err := tc.match.check(2, tc.conflict, "current")
		require.Equal(t, tc.want, stride.KindOf(err), name)
	}
}

// replies is an OnceTx in memory.
type replies map[string]*OnceRecord

func (r replies) ClaimOnce(_ context.Context, c OnceClaim, _ time.Time) (*OnceRecord, error) {
	if earlier := r[c.Key]; earlier != nil {
		return earlier, nil
	}
	r[c.Key] = &OnceRecord{RequestHash: c.RequestHash}
	return nil, nil
}

func (r replies) SaveReply(_ context.Context, c OnceClaim, reply Reply) error {
	r[c.Key].Reply = reply
	return nil
}

func TestEffectHappensOnce(t *testing.T) {
	t.Parallel()
	kept := replies{}
	done := 0
	act := func(hash string) error {
		_, err := effect(t.Context(), kept, Call{Once: &Once{Key: "k", RequestHash: hash, Render: func(result any) (Reply, error) {
			return Reply{Status: 201, Body: []byte{byte('0' + result.(int))}}, nil
		}}}, noon, func() (int, error) { done++; return done, nil })
		return err
	}
	require.NoError(t, act("a"))
	var replayed *Replayed
	require.ErrorAs(t, act("a"), &replayed)
	require.Equal(t, Reply{Status: 201, Body: []byte("1")}, replayed.Reply)
	require.Equal(t, stride.Unprocessable, stride.KindOf(act("b")), "the key was used for something else")
	require.Equal(t, 1, done)
}

func TestEffectKeepsNoReplyOfAFailure(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	_, err := effect(t.Context(), replies{}, Call{Once: &Once{Key: "k", Render: func(any) (Reply, error) {
		t.Error("rendered a failure")
		return Reply{}, nil
	}}}, noon, func() (int, error) { return 0, broken })
	require.ErrorIs(t, err, broken)
}

func TestRequireRoleHidesWhatIsNotYours(t *testing.T) {
	t.Parallel()
	a := stride.Actor{Grants: []stride.Grant{{Project: "mine", Role: stride.RoleViewer}}}
	require.NoError(t, requireRole(a, "mine", stride.RoleViewer, "project"))
	require.Equal(t, stride.Forbidden, stride.KindOf(requireRole(a, "mine", stride.RoleAuthor, "project")))
	require.Equal(t, stride.NotFound, stride.KindOf(requireRole(a, "other", stride.RoleViewer, "project")))
}
