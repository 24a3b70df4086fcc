package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/riverqueue/river"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// Tx is a transaction; its methods are the transactional sets of analysis. It
// is for one goroutine.
type Tx struct {
	session

	sql  *sql.Tx
	jobs *river.Client[*sql.Tx]
}

// attempts is how often a transaction is run before the caller is told that the
// database is busy.
const attempts = 3

// inTx runs fn in a transaction, which it commits if fn returns nil. fn is run
// again, up to three times in all, where the database asks for that
// (serialization failure, deadlock, busy); so it must keep nothing of an
// earlier run. Transactions do not nest: within fn no method but tx's is called.
func (s *Store) inTx(ctx context.Context, fn func(*Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := s.once(ctx, fn)
		if err == nil || !isTransient(err) || ctx.Err() != nil {
			return err
		}
		if attempt == attempts {
			s.log.WarnContext(ctx, "database stayed busy", "attempts", attempt, "error", err)
			return stride.Errorf(stride.Unavailable, "the database is busy; try again")
		}
		if err := pause(ctx, time.Duration(attempt)*10*time.Millisecond); err != nil {
			return err
		}
	}
}

func (s *Store) once(ctx context.Context, fn func(*Tx) error) (err error) {
	tx, err := s.writer.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", translate(ctx, err))
	}
	// After a commit this does nothing; it is there for errors and panics.
	defer func() {
		if undo := tx.Rollback(); undo != nil && !errors.Is(undo, sql.ErrTxDone) {
			err = errors.Join(err, fmt.Errorf("roll back: %w", undo))
		}
	}()
	if err := fn(s.newTx(tx)); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", translate(ctx, err))
	}
	return nil
}

func (s *Store) newTx(tx *sqlx.Tx) *Tx {
	return &Tx{session: session{ext: tx, dialect: s.dialect}, sql: tx.Tx, jobs: s.jobs}
}

// InAccessTx implements analysis.AccessStore.
func (s *Store) InAccessTx(ctx context.Context, fn func(analysis.AccessTx) error) error {
	return s.inTx(ctx, func(tx *Tx) error { return fn(tx) })
}

// InProjectTx implements analysis.ProjectStore.
func (s *Store) InProjectTx(ctx context.Context, fn func(analysis.ProjectTx) error) error {
	return s.inTx(ctx, func(tx *Tx) error { return fn(tx) })
}

// InSubmitTx implements analysis.SubmitStore.
func (s *Store) InSubmitTx(ctx context.Context, fn func(analysis.SubmitTx) error) error {
	return s.inTx(ctx, func(tx *Tx) error { return fn(tx) })
}

// InModelTx implements analysis.ModelStore.
func (s *Store) InModelTx(ctx context.Context, fn func(analysis.ModelTx) error) error {
	return s.inTx(ctx, func(tx *Tx) error { return fn(tx) })
}

// InDraftTx implements analysis.DraftStore.
func (s *Store) InDraftTx(ctx context.Context, fn func(analysis.DraftTx) error) error {
	return s.inTx(ctx, func(tx *Tx) error { return fn(tx) })
}

// InRunTx implements analysis.RunStore.
func (s *Store) InRunTx(ctx context.Context, fn func(analysis.RunTx) error) error {
	return s.inTx(ctx, func(tx *Tx) error { return fn(tx) })
}

// InReviewTx implements analysis.ReviewStore.
func (s *Store) InReviewTx(ctx context.Context, fn func(analysis.ReviewTx) error) error {
	return s.inTx(ctx, func(tx *Tx) error { return fn(tx) })
}

// InAnswerTx implements analysis.QuestionStore.
func (s *Store) InAnswerTx(ctx context.Context, fn func(analysis.AnswerTx) error) error {
	return s.inTx(ctx, func(tx *Tx) error { return fn(tx) })
}

// InMitigationTx implements analysis.MitigationStore.
func (s *Store) InMitigationTx(ctx context.Context, fn func(analysis.MitigationTx) error) error {
	return s.inTx(ctx, func(tx *Tx) error { return fn(tx) })
}

// InCommentTx implements analysis.CommentStore.
func (s *Store) InCommentTx(ctx context.Context, fn func(analysis.CommentTx) error) error {
	return s.inTx(ctx, func(tx *Tx) error { return fn(tx) })
}

// InTestCaseTx implements analysis.TestCaseStore.
func (s *Store) InTestCaseTx(ctx context.Context, fn func(analysis.TestCaseTx) error) error {
	return s.inTx(ctx, func(tx *Tx) error { return fn(tx) })
}

// InThreatTx implements analysis.ThreatStore.
func (s *Store) InThreatTx(ctx context.Context, fn func(analysis.ThreatTx) error) error {
	return s.inTx(ctx, func(tx *Tx) error { return fn(tx) })
}
