package analysis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// ExpiryJob asks for the accepted risks that have expired to be reopened.
type ExpiryJob struct{}

// Kind names the job in the queue.
func (ExpiryJob) Kind() string { return "expire_risks" }

// expiryReason is what the event of a reopening by time says.
const expiryReason = "the acceptance of the risk expired"

// expiryBatch is how many expired risks are read at once.
const expiryBatch = 100

// ExpiredRisk is a threat whose accepted risk has run out.
type ExpiredRisk struct {
	ID        stride.ThreatID
	ProjectID stride.ProjectID
	ExpiresAt time.Time
}

// ExpireRisks reopens the threats whose accepted risk has expired, each in a
// transaction of its own, and returns how many those were. Replicas may do it at
// the same time: each threat is reopened once. One that fails does not keep the
// others from it; the next call tries it again.
func (s *Threats) ExpireRisks(ctx context.Context) (int, error) {
	now := s.Now()
	var reopened int
	var failed []error
	var after *ExpiredRisk
	for {
		batch, err := s.Store.ExpiredRisks(ctx, now, after, expiryBatch)
		if err != nil {
			return reopened, errors.Join(append(failed, fmt.Errorf("find expired risks: %w", err))...)
		}
		for i := range batch {
			after = &batch[i]
			done, err := s.expire(ctx, *after)
			if err != nil {
				failed = append(failed, fmt.Errorf("expire %s: %w", after.ID, err))
			}
			if done {
				reopened++
			}
		}
		if len(batch) < expiryBatch || ctx.Err() != nil {
			return reopened, errors.Join(failed...)
		}
	}
}

// expire reopens one threat; done is false where somebody has moved it, or has
// accepted the risk anew, since it was found.
func (s *Threats) expire(ctx context.Context, r ExpiredRisk) (done bool, err error) {
	err = s.Store.InThreatTx(ctx, func(tx ThreatTx) error {
		done = false
		if _, err := tx.LockProject(ctx, r.ProjectID); err != nil {
			return err
		}
		t, err := tx.ThreatByID(ctx, r.ID)
		if err != nil {
			return err
		}
		s := s.frozen()
		if t.State != stride.ThreatRiskAccepted || t.ExpiresAt == nil || t.ExpiresAt.After(s.Now()) {
			return nil
		}
		_, err = s.moveTo(ctx, tx, stride.Actor{}, t, Transition{To: stride.ThreatOpen, Reason: expiryReason})
		done = err == nil
		return err
	})
	return done && err == nil, err
}
