package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/store"
	"github.com/threatdraft/threatdraft/internal/store/storetest"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// TestUnknownErrorsStayUnknown sees that what no reader can act on is not made
// to look as if one could.
func TestUnknownErrorsStayUnknown(t *testing.T) {
	t.Parallel()
	storetest.EachEmpty(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		_, err := s.Project(t.Context(), stride.Reach{All: true}, "x")
		require.Error(t, err, "there is no table")
		require.Empty(t, stride.KindOf(err), "%v", err)
	})
}

// TestForeignKeysHold sees that nothing can refer to what is not there.
func TestForeignKeysHold(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		err := s.InAccessTx(t.Context(), func(tx analysis.AccessTx) error {
			return tx.InsertToken(t.Context(), stride.Token{ID: "t", UserID: "nobody", Hash: "h", CreatedAt: time.Unix(1, 0)})
		})
		require.Error(t, err)
	})
}

func TestDeadlineInATransaction(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		ctx, cancel := context.WithCancel(t.Context())
		err := s.InAccessTx(ctx, func(tx analysis.AccessTx) error {
			cancel()
			_, err := tx.CountAdminTokens(ctx, time.Unix(1, 0))
			return err
		})
		require.ErrorIs(t, err, context.Canceled)
		require.NoError(t, insertUser(s, "ann"), "the connection is free again")
	})
}

// TestFnErrorsPass sees that a use case's own error comes back as it is.
func TestFnErrorsPass(t *testing.T) {
	t.Parallel()
	s, own := storetest.Open(t, storetest.SQLite(t)), errors.New("own")
	runs := 0
	err := s.InAccessTx(t.Context(), func(analysis.AccessTx) error { runs++; return own })
	require.Same(t, own, err)
	require.Equal(t, 1, runs, "only the database asks for another try")
}

var _ analysis.MetricsStore = (*store.Store)(nil)
