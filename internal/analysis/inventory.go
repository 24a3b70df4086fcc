package analysis

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// ImportReport says what an inventory did.
type ImportReport struct {
	Created   int `json:"created"`
	Updated   int `json:"updated"`
	Unchanged int `json:"unchanged"`
}

// Bounds of an inventory.
const maxImportRows = 10_000

// Import reads an inventory as CSV with a header row: name, and optionally
// owner, in_scope, criticality, tags (separated by ;). Projects are found by
// name; an empty cell leaves a field as it is. All rows are applied or none:
// Invalid names each bad row and field ("line 3: in_scope"). Admins of all
// projects only.
func (s *Projects) Import(ctx context.Context, call Call, inventory io.Reader) (ImportReport, error) {
	if !call.Actor.Global().AtLeast(stride.RoleAdmin) {
		return ImportReport{}, stride.Errorf(stride.Forbidden, "importing an inventory wants the role admin in all projects")
	}
	rows, err := readInventory(inventory)
	if err != nil {
		return ImportReport{}, err
	}
	var out ImportReport
	err = s.Store.InProjectTx(ctx, func(tx ProjectTx) error {
		var err error
		out, err = effect(ctx, tx, call, s.Now(), func() (ImportReport, error) { return s.importRows(ctx, tx, call.Actor, rows) })
		return err
	})
	return out, err
}

func (s *Projects) importRows(ctx context.Context, tx ProjectTx, actor stride.Actor, rows []ProjectFields) (ImportReport, error) {
	var report ImportReport
	for _, row := range rows {
		found, ok, err := tx.ProjectByName(ctx, *row.Name)
		if err != nil {
			return report, fmt.Errorf("find project: %w", err)
		}
		if !ok {
			if _, err := s.create(ctx, tx, actor, row); err != nil {
				return report, err
			}
			report.Created++
			continue
		}
		changed, err := s.importOver(ctx, tx, actor, found.ID, row)
		if err != nil {
			return report, err
		}
		if changed {
			report.Updated++
		} else {
			report.Unchanged++
		}
	}
	return report, nil
}

func (s *Projects) importOver(ctx context.Context, tx ProjectTx, actor stride.Actor, id stride.ProjectID, row ProjectFields) (bool, error) {
	p, err := tx.LockProject(ctx, id)
	if err != nil {
		return false, err
	}
	if p.ArchivedAt != nil {
		return false, &stride.Error{
			Kind: stride.Conflict, Message: "the inventory names an archived project",
			Fields: []stride.Field{{Field: "name", Message: fmt.Sprintf("%q is archived", p.Name)}},
		}
	}
	s = s.frozen()
	was := p.InScope
	row.Name = nil // found by it; the stored spelling stays
	changes := row.apply(&p)
	if len(changes) == 0 {
		return false, nil
	}
	if err := s.save(ctx, tx, &p); err != nil {
		return false, err
	}
	err = s.record(ctx, tx, actor, id, stride.EventProjectUpdated, stride.SubjectProject, string(id), map[string]any{"changes": changes})
	if err != nil || p.InScope == was {
		return true, err
	}
	return true, s.scoped(ctx, tx, actor, p, was)
}

// readInventory parses the CSV whole before anything is stored.
func readInventory(r io.Reader) ([]ProjectFields, error) {
	in := csv.NewReader(r)
	in.TrimLeadingSpace = true
	header, err := in.Read()
	if errors.Is(err, io.EOF) {
		return nil, stride.InvalidField("body", "is empty; send a CSV with a header row that has the column name")
	}
	if err != nil {
		return nil, stride.InvalidField("body", "is not CSV: %v", err)
	}
	columns, err := inventoryColumns(header)
	if err != nil {
		return nil, err
	}
	var rows []ProjectFields
	var bad []stride.Field
	seen := make(map[string]int)
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, stride.InvalidField("body", "is not CSV: %v", err)
		}
		if len(rows) == maxImportRows {
			return nil, stride.Errorf(stride.TooLarge, "an inventory has at most %d rows", maxImportRows)
		}
		line, _ := in.FieldPos(0)
		row, problems := inventoryRow(columns, record, line, seen)
		bad = append(bad, problems...)
		rows = append(rows, row)
	}
	if bad != nil {
		return nil, &stride.Error{Kind: stride.Invalid, Message: "the inventory has rows that are not valid", Fields: bad}
	}
	return rows, nil
}

func inventoryColumns(header []string) ([]string, error) {
	columns := make([]string, len(header))
	for i, h := range header {
		h = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff")))
		switch h {
		case "name", "owner", "in_scope", "criticality", "tags":
		default:
			return nil, stride.InvalidField("header", "has an unknown column %q; known are name, owner, in_scope, criticality, tags", h)
		}
		if slices.Contains(columns[:i], h) {
			return nil, stride.InvalidField("header", "names the column %q twice", h)
		}
		columns[i] = h
	}
	if !slices.Contains(columns, "name") {
		return nil, stride.InvalidField("header", "lacks the column name")
	}
	return columns, nil
}

func inventoryRow(columns, record []string, line int, seen map[string]int) (ProjectFields, []stride.Field) {
	row := ProjectFields{Name: new(string)}
	for i, value := range record {
		value = strings.TrimSpace(value)
		if value == "" {
			continue
		}
		switch columns[i] {
		case "name":
			row.Name = &value
		case "owner":
			row.Owner = &value
		case "in_scope":
			v := stride.InScope(strings.ToLower(value))
			row.InScope = &v
		case "criticality":
			v := stride.Criticality(strings.ToLower(value))
			row.Criticality = &v
		case "tags":
			v := strings.FieldsFunc(value, func(r rune) bool { return r == ';' })
			row.Tags = &v
		}
	}
	var bad []stride.Field
	at := func(f stride.Field) { f.Field = fmt.Sprintf("line %d: %s", line, f.Field); bad = append(bad, f) }
	var e *stride.Error
	if errors.As(row.Validate(), &e) {
		for _, f := range e.Fields {
			at(f)
		}
	}
	key := stride.ProjectKey(*row.Name)
	if first, twice := seen[key]; twice {
		at(stride.Field{Field: "name", Message: fmt.Sprintf("stands on line %d already", first)})
	}
	seen[key] = line
	return row, bad
}
