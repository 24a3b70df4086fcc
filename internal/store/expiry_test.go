package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/store"
	"github.com/threatdraft/threatdraft/internal/store/storetest"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// expiring is a project with many accepted risks, all of which end at noon.
type expiring struct {
	*store.Store

	project stride.Project
	threats []stride.ThreatID
	noon    time.Time
}

func newExpiring(t *testing.T, url string, n int) expiring {
	t.Helper()
	x := expiring{Store: storetest.Open(t, url), noon: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}
	x.project = stride.Project{ID: "p", Name: "shop", InScope: stride.InScopeTrue, Revision: 1, CreatedAt: x.noon, UpdatedAt: x.noon}
	require.NoError(t, x.InProjectTx(t.Context(), func(tx analysis.ProjectTx) error { return tx.InsertProject(t.Context(), x.project) }))
	require.NoError(t, x.InThreatTx(t.Context(), func(tx analysis.ThreatTx) error {
		for i := range n {
			threat := stride.Threat{
				ID: stride.ThreatID(fmt.Sprintf("t%03d", i)), ProjectID: x.project.ID, Origin: stride.OriginHuman, State: stride.ThreatRiskAccepted,
				Owner: "head of IT", ExpiresAt: &x.noon, AcceptedAt: x.noon, AcceptedBy: "rita", Revision: 1, UpdatedAt: x.noon,
			}
			x.threats = append(x.threats, threat.ID)
			if err := tx.InsertThreat(t.Context(), threat); err != nil {
				return err
			}
		}
		return nil
	}))
	return x
}

// replica is one process that looks for expired risks an hour after they ended.
func (x expiring) replica(over analysis.ThreatStore) *analysis.Threats {
	return &analysis.Threats{
		Kit:   analysis.Kit{Now: func() time.Time { return x.noon.Add(time.Hour) }, NewID: func() string { return uuid.Must(uuid.NewV7()).String() }},
		Store: over, SLA: stride.DefaultSLA(),
	}
}

func (x expiring) count(t *testing.T, query string) int {
	t.Helper()
	var n int
	require.NoError(t, x.WriterDB().QueryRowContext(t.Context(), query).Scan(&n))
	return n
}

// TestReplicasExpireRisksOnce has several processes look at once, over more than
// one batch: each threat is reopened once.
func TestReplicasExpireRisksOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		const n = 120
		x := newExpiring(t, url, n)
		var total atomic.Int64
		failures := make(chan error, 4)
		for range 4 {
			go func() {
				reopened, err := x.replica(x.Store).ExpireRisks(t.Context())
				total.Add(int64(reopened))
				failures <- err
			}()
		}
		for range 4 {
			require.NoError(t, <-failures)
		}
		require.EqualValues(t, n, total.Load())
		require.Equal(t, n, x.count(t, "select count(*) from threats where state = 'open' and reopen_count = 1 and expires_at is null"))
		require.Equal(t, n, x.count(t, "select count(*) from events where kind = 'threat.moved' and actor_id = ''"))
		require.Equal(t, n, x.count(t, "select count(*) from state_intervals where subject = 'threat' and state = 'open' and to_at is null"))
	})
}

// failingOnce fails the transactions of the first threat.
type failingOnce struct {
	*store.Store

	broken error
}

func (s failingOnce) InThreatTx(ctx context.Context, fn func(analysis.ThreatTx) error) error {
	return s.Store.InThreatTx(ctx, func(tx analysis.ThreatTx) error { return fn(failingThreatTx{tx, s.broken}) })
}

type failingThreatTx struct {
	analysis.ThreatTx

	broken error
}

func (tx failingThreatTx) UpdateThreat(ctx context.Context, t stride.Threat) error {
	if t.ID == "t000" {
		return tx.broken
	}
	return tx.ThreatTx.UpdateThreat(ctx, t)
}

func TestOneBrokenThreatDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		x := newExpiring(t, url, 103)
		broken := errors.New("broken")
		n, err := x.replica(failingOnce{x.Store, broken}).ExpireRisks(t.Context())
		require.ErrorIs(t, err, broken)
		require.Equal(t, 102, n)
		require.Equal(t, 1, x.count(t, "select count(*) from threats where state = 'risk_accepted'"))
		n, err = x.replica(x.Store).ExpireRisks(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, n, "the next look is the retry")
	})
}

// renewing has somebody accept the risk anew between the look and the move.
type renewing struct {
	*store.Store

	until time.Time
}

func (s renewing) ExpiredRisks(ctx context.Context, at time.Time, after *analysis.ExpiredRisk, limit int) ([]analysis.ExpiredRisk, error) {
	found, err := s.Store.ExpiredRisks(ctx, at, after, limit)
	if err != nil {
		return nil, err
	}
	return found, s.InThreatTx(ctx, func(tx analysis.ThreatTx) error {
		for _, r := range found {
			t, err := tx.ThreatByID(ctx, r.ID)
			if err != nil {
				return err
			}
			t.ExpiresAt = &s.until
			if err := tx.UpdateThreat(ctx, t); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestARiskAcceptedAnewStays(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		x := newExpiring(t, url, 2)
		n, err := x.replica(renewing{x.Store, x.noon.Add(48 * time.Hour)}).ExpireRisks(t.Context())
		require.NoError(t, err)
		require.Zero(t, n)
		require.Equal(t, 2, x.count(t, "select count(*) from threats where state = 'risk_accepted'"))
		require.Zero(t, x.count(t, "select count(*) from events"))
	})
}
