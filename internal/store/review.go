package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

var (
	_ analysis.ReviewStore = (*Store)(nil)
	_ analysis.ReviewTx    = (*Tx)(nil)
)

type suggestionRow struct {
	ID        stride.SuggestionID    `db:"id"`
	ProjectID stride.ProjectID       `db:"project_id"`
	ModelID   stride.ModelID         `db:"model_id"`
	DraftID   stride.DraftID         `db:"draft_id"`
	ItemKey   string                 `db:"item_key"`
	State     stride.SuggestionState `db:"state"`
	// Category, severity and confidence are those of the current content, so
	// that the queue can be filtered by them; the priority is the proposal's.
	Category   stride.Category         `db:"category"`
	Severity   stride.Severity         `db:"severity"`
	Confidence stride.Confidence       `db:"confidence"`
	Rule       string                  `db:"rule"`
	LLMModel   string                  `db:"llm_model"`
	LLMPrompt  string                  `db:"llm_prompt"`
	Priority   int64                   `db:"priority"`
	Proposal   jsonOf[stride.Proposal] `db:"proposal"`
	Current    jsonOf[stride.Proposal] `db:"current"`
	MergedInto stride.SuggestionID     `db:"merged_into"`
	Ask        string                  `db:"ask"`
	// A claim and a parking hold until their moment and are never cleaned away.
	ClaimedBy    stride.UserID `db:"claimed_by"`
	ClaimedUntil *int64        `db:"claimed_until"`
	ParkedUntil  *int64        `db:"parked_until"`
	Revision     int64         `db:"revision"`
	CreatedAt    int64         `db:"created_at"`
	DecidedAt    *int64        `db:"decided_at"`
	DecidedBy    stride.UserID `db:"decided_by"`
	// From other tables.
	Submitted int64           `db:"submitted"`
	Scope     string          `db:"scope"`
	Number    int             `db:"number"`
	ThreatID  stride.ThreatID `db:"threat_id"`
	// From is the state that an update is guarded by.
	From stride.SuggestionState `db:"from_state"`
}

func newSuggestionRow(s stride.Suggestion) suggestionRow {
	return suggestionRow{
		ID: s.ID, ProjectID: s.ProjectID, ModelID: s.ModelID, DraftID: s.DraftID, ItemKey: s.Proposal.ID, State: s.State,
		Category: s.Current.Category, Severity: s.Current.Severity, Confidence: s.Current.Confidence,
		Rule: s.Proposal.Rule, LLMModel: s.Proposal.ByModel().Model, LLMPrompt: s.Proposal.ByModel().Prompt, Priority: s.Proposal.Priority(), Proposal: jsonOf[stride.Proposal]{s.Proposal},
		Current: jsonOf[stride.Proposal]{s.Current}, MergedInto: s.MergedInto, Ask: s.Ask, Revision: s.Revision,
		CreatedAt: micros(s.CreatedAt), DecidedAt: microsOrNull(s.DecidedAt), DecidedBy: s.DecidedBy,
		ClaimedBy: s.ClaimedBy, ClaimedUntil: microsOrNull(s.ClaimedUntil), ParkedUntil: microsOrNull(s.ParkedUntil),
	}
}

func (r suggestionRow) suggestion() stride.Suggestion {
	return stride.Suggestion{
		ID: r.ID, ProjectID: r.ProjectID, ModelID: r.ModelID, DraftID: r.DraftID, State: r.State, Proposal: r.Proposal.V,
		Current: r.Current.V, Fingerprints: make(map[stride.Key]string), Submitted: r.Submitted != 0,
		Scope: r.Scope, ModelNumber: r.Number,
		MergedInto: r.MergedInto, ThreatID: r.ThreatID, Ask: r.Ask, Revision: r.Revision,
		CreatedAt: instant(r.CreatedAt), DecidedAt: instantOrNil(r.DecidedAt), DecidedBy: r.DecidedBy,
		ClaimedBy: r.ClaimedBy, ClaimedUntil: instantOrNil(r.ClaimedUntil), ParkedUntil: instantOrNil(r.ParkedUntil),
	}
}

const selectSuggestions = `
select s.id, s.project_id, s.model_id, s.draft_id, s.item_key, s.state, s.category, s.severity, s.confidence, s.rule,
       s.priority, s.proposal, s.current, s.merged_into, s.ask, s.claimed_by, s.claimed_until, s.parked_until,
       s.revision, s.created_at, s.decided_at, s.decided_by,
       case when m.state = 'draft' then 0 else 1 end as submitted, m.scope, m.number, coalesce(t.id, '') as threat_id
from suggestions s
join threat_models m on m.id = s.model_id
left join threats t on t.suggestion_id = s.id`

// Suggestion returns NotFound for what does not exist or is out of reach; with
// earlier decisions on the same fingerprints.
func (s *Store) Suggestion(ctx context.Context, reach stride.Reach, id stride.SuggestionID) (stride.Suggestion, error) {
	var f filter
	f.where("s.id = ?", id)
	f.within("s.project_id", reach)
	sug, err := s.suggestion(ctx, f)
	if err != nil {
		return sug, err
	}
	one := []stride.Suggestion{sug}
	err = s.addEarlier(ctx, one)
	return one[0], err
}

// SuggestionByID returns NotFound where there is none.
func (tx *Tx) SuggestionByID(ctx context.Context, id stride.SuggestionID) (stride.Suggestion, error) {
	var f filter
	f.where("s.id = ?", id)
	return tx.suggestion(ctx, f)
}

func (s session) suggestion(ctx context.Context, f filter) (stride.Suggestion, error) {
	found, err := s.suggestions(ctx, f, "")
	if err != nil {
		return stride.Suggestion{}, err
	}
	if len(found) == 0 {
		return stride.Suggestion{}, stride.Errorf(stride.NotFound, "no such suggestion")
	}
	return found[0], nil
}

// suggestions reads those that match, with their fingerprints.
func (s session) suggestions(ctx context.Context, f filter, suffix string, args ...any) ([]stride.Suggestion, error) {
	if f.err != nil {
		return nil, f.err
	}
	var rows []suggestionRow
	if err := s.list(ctx, &rows, selectSuggestions+f.sql()+suffix, append(f.args, args...)...); err != nil {
		return nil, fmt.Errorf("list suggestions: %w", err)
	}
	out := make([]stride.Suggestion, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.suggestion())
	}
	return out, s.addFingerprints(ctx, out)
}

const selectTargets = `select suggestion_id, target_key, fingerprint from suggestion_targets`

// chunk is how many ids stand in one list of parameters.
const chunk = 500

func (s session) addFingerprints(ctx context.Context, suggestions []stride.Suggestion) error {
	at := make(map[stride.SuggestionID]*stride.Suggestion, len(suggestions))
	for i := range suggestions {
		at[suggestions[i].ID] = &suggestions[i]
	}
	for ids := range slices.Chunk(slices.Collect(maps.Keys(at)), chunk) {
		var f filter
		oneOf(&f, "suggestion_id", ids)
		if f.err != nil {
			return f.err
		}
		var rows []struct {
			SuggestionID stride.SuggestionID `db:"suggestion_id"`
			TargetKey    stride.Key          `db:"target_key"`
			Fingerprint  string              `db:"fingerprint"`
		}
		if err := s.list(ctx, &rows, selectTargets+f.sql(), f.args...); err != nil {
			return fmt.Errorf("list targets: %w", err)
		}
		for _, r := range rows {
			at[r.SuggestionID].Fingerprints[r.TargetKey] = r.Fingerprint
		}
	}
	return nil
}

// What nobody decided is left out: a newer draft that repeats a suggestion
// supersedes the one before, which would say nothing to a reviewer.
const selectEarlier = `
select distinct own.suggestion_id as for_id, d.id, d.suggestion_id, d.kind, d.reason, d.text, d.actor_id, d.at
from suggestion_targets own
join suggestion_targets other on other.fingerprint = own.fingerprint and other.suggestion_id <> own.suggestion_id
join decisions d on d.suggestion_id = other.suggestion_id`

// addEarlier adds decisions on other suggestions with one of the fingerprints,
// oldest first.
func (s session) addEarlier(ctx context.Context, suggestions []stride.Suggestion) error {
	if len(suggestions) == 0 {
		return nil
	}
	at := make(map[stride.SuggestionID]*stride.Suggestion, len(suggestions))
	for i := range suggestions {
		at[suggestions[i].ID] = &suggestions[i]
	}
	var f filter
	oneOf(&f, "own.suggestion_id", slices.Collect(maps.Keys(at)))
	f.where("d.actor_id <> '' and d.undone = 0 and d.kind not in ('undo', 'answer', 'park')")
	if f.err != nil {
		return f.err
	}
	var rows []struct {
		ForID stride.SuggestionID `db:"for_id"`
		decisionRow
	}
	if err := s.list(ctx, &rows, selectEarlier+f.sql()+" order by d.at, d.id", f.args...); err != nil {
		return fmt.Errorf("list earlier decisions: %w", err)
	}
	for _, r := range rows {
		sug := at[r.ForID]
		sug.Earlier = append(sug.Earlier, stride.EarlierDecision{
			SuggestionID: r.SuggestionID, Decision: r.Kind, Reason: r.Reason, Text: r.Text, ActorID: r.ActorID, At: instant(r.At),
		})
	}
	return nil
}

// suggestionOrders are the orders of the queue.
var suggestionOrders = map[analysis.SuggestionSort]order{
	analysis.SortPriority: {name: "priority", key: "s.priority", keyDescending: true, id: "s.id"},
	analysis.SortOldest:   {name: "created_at", key: "s.created_at", id: "s.id"},
	analysis.SortNewest:   {name: "-created_at", key: "s.created_at", keyDescending: true, id: "s.id", idDescending: true},
}

// Suggestions lists in the filter's order, with earlier decisions. Invalid for
// an unknown order.
func (s *Store) Suggestions(
	ctx context.Context, reach stride.Reach, sf analysis.SuggestionFilter, p analysis.Page,
) (analysis.Listing[stride.Suggestion], error) {
	var none analysis.Listing[stride.Suggestion]
	if sf.Sort == "" {
		sf.Sort = analysis.SortPriority
	}
	by, ok := suggestionOrders[sf.Sort]
	if !ok {
		return none, stride.InvalidField("sort", "must be one of priority, created_at, -created_at")
	}
	f := s.filterSuggestions(reach, sf)
	if err := f.after(by, p.After); err != nil {
		return none, err
	}
	size := pageSize(p)
	found, err := s.suggestions(ctx, f, by.sql(), size+1)
	if err != nil {
		return none, err
	}
	out := listing(found, size, func(sug stride.Suggestion) stride.Suggestion { return sug },
		func(sug stride.Suggestion) analysis.Cursor { return suggestionCursor(sf.Sort, by, sug) })
	return out, s.addEarlier(ctx, out.Items)
}

func suggestionCursor(sort analysis.SuggestionSort, by order, sug stride.Suggestion) analysis.Cursor {
	key := micros(sug.CreatedAt)
	if sort == analysis.SortPriority {
		key = sug.Proposal.Priority()
	}
	return analysis.Cursor{Sort: by.name, Key: key, ID: string(sug.ID)}
}

// SuggestionsOf returns all suggestions of a model, by id.
func (s *Store) SuggestionsOf(ctx context.Context, id stride.ModelID) ([]stride.Suggestion, error) {
	var f filter
	f.where("s.model_id = ?", id)
	return s.suggestions(ctx, f, " order by s.id")
}

// OpenByControl returns the model's suggestions that rest on the control and
// that an answer may settle, by id: those that are pending or need info, and
// those that an earlier answer superseded.
func (tx *Tx) OpenByControl(ctx context.Context, m stride.ModelID, c stride.ControlName) ([]stride.Suggestion, error) {
	var f filter
	f.where("s.model_id = ?", m)
	f.where("(s.state in ('pending', 'needs_info') or s.state = 'superseded' and s.decided_by <> '')")
	open, err := tx.suggestions(ctx, f, " order by s.id")
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(open, func(sug stride.Suggestion) bool { return sug.Current.Control != c }), nil
}

// SameInScope returns the suggestions of the project's scope that stand on one
// of the fingerprints, by id: all that are neither rejected, merged nor
// superseded.
func (tx *Tx) SameInScope(
	ctx context.Context, p stride.ProjectID, scope string, fingerprints []string,
) ([]stride.Suggestion, error) {
	if len(fingerprints) == 0 {
		return nil, nil
	}
	var f filter
	f.where("s.id in (select g.suggestion_id from suggestion_targets g where g.fingerprint in (?))", fingerprints)
	f.where("s.project_id = ?", p)
	f.where("m.scope = ?", scope)
	f.where("s.state in ('pending', 'needs_info', 'awaiting_second', 'accepted')")
	return tx.suggestions(ctx, f, " order by s.id")
}

// PendingInScope returns the pending suggestions of other drafts of the project's
// scope, of its versions up to a number, by id.
func (tx *Tx) PendingInScope(
	ctx context.Context, p stride.ProjectID, scope string, number int, except stride.DraftID,
) ([]stride.Suggestion, error) {
	var f filter
	f.where("s.project_id = ?", p)
	f.where("s.state = 'pending'")
	f.where("m.scope = ?", scope)
	f.where("m.number <= ?", number)
	f.where("s.draft_id <> ?", except)
	return tx.suggestions(ctx, f, " order by s.id")
}

const insertSuggestion = `
insert into suggestions
    (id, project_id, model_id, draft_id, item_key, state, category, severity, confidence, rule, llm_model, llm_prompt, priority, proposal,
     current, merged_into, ask, revision, created_at, decided_at, decided_by)
values
    (:id, :project_id, :model_id, :draft_id, :item_key, :state, :category, :severity, :confidence, :rule, :llm_model, :llm_prompt, :priority,
     :proposal, :current, :merged_into, :ask, :revision, :created_at, :decided_at, :decided_by)`

// InsertSuggestion also stores the targets with their fingerprints. Conflict
// where the draft has a suggestion of the same proposal.
func (tx *Tx) InsertSuggestion(ctx context.Context, s stride.Suggestion) error {
	if _, err := tx.execRow(ctx, insertSuggestion, newSuggestionRow(s)); err != nil {
		return fmt.Errorf("insert suggestion: %w", err)
	}
	if err := tx.saveWords(ctx, s); err != nil {
		return err
	}
	return tx.insertTargets(ctx, s)
}

const saveWords = `
insert into suggestion_texts (suggestion_id, words) values (?, ?)
on conflict (suggestion_id) do update set words = excluded.words where suggestion_texts.words <> excluded.words`

// saveWords keeps what a search finds the suggestion by.
func (tx *Tx) saveWords(ctx context.Context, s stride.Suggestion) error {
	if _, err := tx.exec(ctx, saveWords, s.ID, stride.Words(s.Current.Title+" "+s.Current.Statement)); err != nil {
		return fmt.Errorf("save words: %w", err)
	}
	return nil
}

const insertTarget = `insert into suggestion_targets (suggestion_id, target_key, fingerprint) values (?, ?, ?)`

func (tx *Tx) insertTargets(ctx context.Context, s stride.Suggestion) error {
	for _, key := range slices.Sorted(maps.Keys(s.Fingerprints)) {
		if _, err := tx.exec(ctx, insertTarget, s.ID, key, s.Fingerprints[key]); err != nil {
			return fmt.Errorf("insert target: %w", err)
		}
	}
	return nil
}

const updateSuggestion = `
update suggestions
set state = :state, category = :category, severity = :severity, confidence = :confidence, current = :current,
    merged_into = :merged_into, ask = :ask, claimed_by = :claimed_by, claimed_until = :claimed_until, parked_until = :parked_until,
    decided_at = :decided_at, decided_by = :decided_by, revision = revision + 1
where id = :id and state = :from_state and revision = :revision`

const redraftSuggestion = `
update suggestions
set category = :category, severity = :severity, confidence = :confidence, llm_model = :llm_model, llm_prompt = :llm_prompt,
    proposal = :proposal, current = :current, revision = revision + 1
where id = :id and state = 'pending' and revision = :revision`

// RedraftSuggestion writes proposal and current content of a pending suggestion and
// adds 1 to the revision, guarded by state and s.Revision; Conflict where the guard
// fails.
func (tx *Tx) RedraftSuggestion(ctx context.Context, s stride.Suggestion) error {
	n, err := tx.execRow(ctx, redraftSuggestion, newSuggestionRow(s))
	if err != nil {
		return fmt.Errorf("redraft suggestion: %w", err)
	}
	if n == 0 {
		return stride.Errorf(stride.Conflict, "the suggestion has been decided or changed meanwhile")
	}
	return tx.saveWords(ctx, s)
}

const deleteTargets = `delete from suggestion_targets where suggestion_id = ?`

// UpdateSuggestion writes state, current content, fingerprints (the targets),
// merged_into, ask and the decider, and adds 1 to the revision, guarded by the
// state it is in and by s.Revision; Conflict where the guard fails.
func (tx *Tx) UpdateSuggestion(ctx context.Context, s stride.Suggestion, from stride.SuggestionState) error {
	row := newSuggestionRow(s)
	row.From = from
	n, err := tx.execRow(ctx, updateSuggestion, row)
	if err != nil {
		return fmt.Errorf("update suggestion: %w", err)
	}
	if n == 0 {
		return stride.Errorf(stride.Conflict, "the suggestion has been decided or changed meanwhile")
	}
	if _, err := tx.exec(ctx, deleteTargets, s.ID); err != nil {
		return fmt.Errorf("delete targets: %w", err)
	}
	if err := tx.saveWords(ctx, s); err != nil {
		return err
	}
	return tx.insertTargets(ctx, s)
}
