package analysis

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Reply answers what a reviewer asked about a suggestion, which returns it to the
// queue; the answer stands among its decisions. Wants the role author and If-Match;
// Conflict where nothing is asked.
func (s *Reviews) Reply(ctx context.Context, call Call, id stride.SuggestionID, text string) (stride.Suggestion, error) {
	seen, err := s.Store.Suggestion(ctx, call.Actor.Reach(stride.RoleViewer), id)
	if err != nil {
		return seen, err
	}
	if err := requireRole(call.Actor, seen.ProjectID, stride.RoleAuthor, "suggestion"); err != nil {
		return seen, err
	}
	if n := utf8.RuneCountInString(text); strings.TrimSpace(text) == "" || n > 4000 {
		return seen, stride.InvalidField("text", "must have 1 to 4000 characters")
	}
	var out stride.Suggestion
	err = s.Store.InReviewTx(ctx, func(tx ReviewTx) error {
		var err error
		out, err = effect(ctx, tx, call, s.Now(), func() (stride.Suggestion, error) { return s.reply(ctx, tx, call, seen, text) })
		return err
	})
	return out, err
}

func (s *Reviews) reply(ctx context.Context, tx ReviewTx, call Call, seen stride.Suggestion, text string) (stride.Suggestion, error) {
	p, sug, err := lockSuggestion(ctx, tx, seen)
	if err != nil {
		return sug, err
	}
	var conflict error
	switch {
	case sug.State != stride.SuggestionNeedsInfo:
		conflict = &stride.Error{Kind: stride.Conflict, Message: fmt.Sprintf("the suggestion is %s; nothing is asked", sug.State), Current: sug}
	case p.ArchivedAt != nil:
		conflict = &stride.Error{Kind: stride.Conflict, Message: "the project is archived", Current: sug}
	}
	if err := call.Match.check(sug.Revision, conflict, sug); err != nil {
		return sug, err
	}
	at := s.frozen()
	d := stride.Decision{
		ID: stride.DecisionID(at.NewID()), SuggestionID: sug.ID, Kind: stride.DecisionAnswer, Text: text, ActorID: call.Actor.User, At: at.Now(),
		Before: before(sug),
	}
	sug.State, sug.Ask = stride.SuggestionPending, ""
	err = at.Kit.writeDecision(ctx, tx, tx, call.Actor, &sug, d, stride.SuggestionNeedsInfo)
	return sug, err
}
