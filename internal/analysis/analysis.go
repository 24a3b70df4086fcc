// Package analysis holds the use cases: what a caller can do with projects,
// threat models, drafts, suggestions, threats and metrics, one file per noun.
//
// Each use case takes the Actor, checks the role, and does its work through a
// small interface that stands in the same file and that internal/store
// implements. It speaks no HTTP and no SQL. The edge (api), the workers (jobs)
// and the command line call it; nobody else decides who may do what.
//
// Every change of state happens in one transaction that first locks the
// project's row, then changes the guarded row, appends an event and moves the
// state interval; no transaction spans a call to anything but the database.
package analysis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Call is what every changing use case needs to know of its caller.
type Call struct {
	Actor stride.Actor
	Match Match
	// Once is nil where the caller sent no Idempotency-Key.
	Once *Once
}

// Match is the caller's If-Match.
type Match struct {
	Given    bool
	Any      bool // "*"
	Revision int64
}

// check returns PreconditionRequired, then the conflict that the state gives
// (if any), then Stale: the order in which a caller can act on them. current is
// the resource as it stands.
func (m Match) check(revision int64, conflict error, current any) error {
	if !m.Given {
		return &stride.Error{
			Kind: stride.PreconditionRequired, Message: "send If-Match with the ETag of the version that you have read",
			Current: current,
		}
	}
	if conflict != nil {
		return conflict
	}
	if !m.Any && m.Revision != revision {
		return &stride.Error{
			Kind: stride.Stale, Message: "it has changed since you read it; read it again and decide anew", Current: current,
		}
	}
	return nil
}

// Once makes an effect happen at most once per user, route and key.
type Once struct {
	Key         string
	Route       string
	RequestHash string
	// Render makes the reply of the use case's result; it is stored in the
	// effect's transaction.
	Render func(result any) (Reply, error)
}

// Reply is an answer as it was sent, kept for replay.
type Reply struct {
	Status  int
	Headers map[string]string
	Body    []byte
}

// Replayed is returned, as an error, where the effect has happened before.
type Replayed struct{ Reply Reply }

func (*Replayed) Error() string { return "the request was answered before" }

// onceKept is how long replies are kept.
const onceKept = 24 * time.Hour

// OnceTx keeps replies by user, route and key.
type OnceTx interface {
	// ClaimOnce records the key. Where it stands already, from keptSince on, it
	// returns what was recorded; where it is older, it is claimed anew.
	ClaimOnce(ctx context.Context, c OnceClaim, keptSince time.Time) (*OnceRecord, error)
	// SaveReply completes a claim of the same transaction.
	SaveReply(ctx context.Context, c OnceClaim, r Reply) error
}

// OnceClaim identifies a request.
type OnceClaim struct {
	User        stride.UserID
	Route       string
	Key         string
	RequestHash string
	At          time.Time
}

// OnceRecord is an earlier request under the same key.
type OnceRecord struct {
	RequestHash string
	Reply       Reply
}

// ReplyStore is what Replies needs of storage.
type ReplyStore interface {
	// PurgeReplies removes the replies recorded before the moment and returns
	// how many there were.
	PurgeReplies(ctx context.Context, before time.Time) (int64, error)
}

// Replies keeps replies for as long as a caller may repeat a request.
type Replies struct {
	Kit
	Store ReplyStore
}

// Purge removes what is kept no longer and returns how many replies that were.
func (s *Replies) Purge(ctx context.Context) (int64, error) {
	return s.Store.PurgeReplies(ctx, s.Now().Add(-onceKept))
}

// RecordTx is the part of a transaction that every change of state uses.
type RecordTx interface {
	OnceTx
	// LockProject locks the project's row until the end of the transaction and
	// returns it; NotFound where there is none.
	LockProject(ctx context.Context, id stride.ProjectID) (stride.Project, error)
	// AppendEvent gives the event the project's next Seq and its place in the
	// hash chain. The caller fills all but Seq, PrevHash and Hash.
	AppendEvent(ctx context.Context, e stride.Event) error
	// MoveInterval ends the subject's current interval at i.From, if there is
	// one, and begins i.
	MoveInterval(ctx context.Context, i stride.Interval) error
}

// effect runs fn inside tx, at most once where the call carries a key.
func effect[T any](ctx context.Context, tx OnceTx, call Call, now time.Time, fn func() (T, error)) (T, error) {
	var zero T
	if call.Once == nil {
		return fn()
	}
	claim := OnceClaim{
		User: call.Actor.User, Route: call.Once.Route, Key: call.Once.Key,
		RequestHash: call.Once.RequestHash, At: now,
	}
	earlier, err := tx.ClaimOnce(ctx, claim, now.Add(-onceKept))
	if err != nil {
		return zero, fmt.Errorf("claim idempotency key: %w", err)
	}
	if earlier != nil {
		if earlier.RequestHash != claim.RequestHash {
			return zero, &stride.Error{
				Kind: stride.Unprocessable, Message: "this Idempotency-Key was used with a different request",
				Fields: []stride.Field{{Field: "Idempotency-Key", Message: "was used with a different body"}},
			}
		}
		return zero, &Replayed{Reply: earlier.Reply}
	}
	out, err := fn()
	if err != nil {
		return zero, err
	}
	reply, err := call.Once.Render(out)
	if err != nil {
		return zero, fmt.Errorf("render reply: %w", err)
	}
	if err := tx.SaveReply(ctx, claim, reply); err != nil {
		return zero, fmt.Errorf("save reply: %w", err)
	}
	return out, nil
}

// Kit is what the use cases share: the clock and the source of ids.
type Kit struct {
	Now   func() time.Time
	NewID func() string
}

// frozen is the kit with its clock stopped, so that all rows of one change bear
// one moment. It is taken under the project's lock: moments of a project then
// follow one another as its events do.
func (k Kit) frozen() Kit {
	now := k.Now()
	k.Now = func() time.Time { return now }
	return k
}

// record appends an event about a subject.
func (k Kit) record(ctx context.Context, tx RecordTx, actor stride.Actor, p stride.ProjectID, kind stride.EventKind,
	subject stride.Subject, id string, payload any,
) error {
	body, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("encode %s: %w", kind, err)
	}
	err = tx.AppendEvent(ctx, stride.Event{
		ProjectID: p, Kind: kind, Subject: subject, SubjectID: id,
		ActorID: actor.User, At: k.Now(), Payload: string(body),
	})
	if err != nil {
		return fmt.Errorf("record %s of %s: %w", kind, id, err)
	}
	return nil
}

// enter begins an interval of the subject in state.
func (k Kit) enter(ctx context.Context, tx RecordTx, p stride.ProjectID, subject stride.Subject, id, state string) error {
	err := tx.MoveInterval(ctx, stride.Interval{Subject: subject, SubjectID: id, ProjectID: p, State: state, From: k.Now()})
	if err != nil {
		return fmt.Errorf("move interval of %s: %w", id, err)
	}
	return nil
}

// Page asks for part of a list.
type Page struct {
	Limit int // 1-200
	// After is the cursor of the last page, nil for the first.
	After *Cursor
}

// Cursor is the place after the last row that was seen: the value of the sort
// key, and the id that breaks ties. Sort guards against a cursor of another
// order being used.
type Cursor struct {
	Sort string
	Key  int64
	ID   string
}

// Listing is one page; Next is nil at the end.
type Listing[T any] struct {
	Items []T
	Next  *Cursor
}

// Limits of Page.
const (
	DefaultLimit = 50
	MaxLimit     = 200
)

// requireRole returns NotFound where the actor has no part in the project and
// Forbidden where the role is too low, so that nobody learns of projects that
// are not theirs.
func requireRole(a stride.Actor, p stride.ProjectID, least stride.Role, noun string) error {
	have := a.RoleIn(p)
	if have == "" {
		return stride.Errorf(stride.NotFound, "no such %s", noun)
	}
	if !have.AtLeast(least) {
		return stride.Errorf(stride.Forbidden, "this wants the role %s in the project; yours is %s", least, have)
	}
	return nil
}

// isKind reports whether err is a stride.Error of the kind.
func isKind(err error, kind stride.Kind) bool { return errors.Is(err, &stride.Error{Kind: kind}) }

// move is the payload of events that change a state.
type move struct {
	From   string `json:"from"`
	To     string `json:"to"`
	Reason string `json:"reason,omitempty"`
}
