package api

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/metrics"
)

// metricsTable is a report that becomes lines of a table, with the group that it
// is of.
type metricsTable struct {
	group, label string
	report       metrics.Report
}

func tablesOfGroups(groups []metrics.GroupReport) []metricsTable {
	var out []metricsTable
	for _, g := range groups {
		out = append(out, metricsTable{group: g.Key, label: g.Label, report: g.Report})
	}
	return out
}

func tablesOfPoints(points []metrics.Point) []metricsTable {
	var out []metricsTable
	for _, p := range points {
		if p.Report != nil {
			out = append(out, metricsTable{report: *p.Report})
		}
		out = append(out, tablesOfGroups(p.Groups)...)
	}
	return out
}

// csvMeasure are the columns of a number; each has the name that it has in JSON.
var csvMeasure = []string{"value", "n", "unit", "count", "low", "high", "p50", "p90"}

// csvHeader is the table's first line. key and name tell the lines of a list
// apart: its project, category, rule ...
var csvHeader = slices.Concat([]string{"group", "label", "as_of", "from", "to", "metric", "key", "name"}, csvMeasure)

// encodeTables writes a line for each number of the reports, in the order of the
// paths of the numbers in JSON.
func encodeTables(tables []metricsTable) ([]byte, error) {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	if err := w.Write(csvHeader); err != nil {
		return nil, fmt.Errorf("write header: %w", err)
	}
	for _, t := range tables {
		body, err := json.Marshal(t.report)
		if err != nil {
			return nil, fmt.Errorf("encode report: %w", err)
		}
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber()
		var fields map[string]any
		if err := d.Decode(&fields); err != nil {
			return nil, fmt.Errorf("read report: %w", err)
		}
		lines := csvLines{table: t, window: []string{text(fields["as_of"]), text(fields["from"]), text(fields["to"])}}
		for _, name := range []string{"as_of", "from", "to"} {
			delete(fields, name)
		}
		lines.object("", fields, "", "")
		if err := w.WriteAll(lines.lines); err != nil {
			return nil, fmt.Errorf("write lines: %w", err)
		}
	}
	w.Flush()
	return out.Bytes(), w.Error()
}

// csvLines goes through a report.
type csvLines struct {
	table  metricsTable
	window []string
	lines  [][]string
}

// csvKeys are the fields that name the entry of a list; the first one found does.
var csvKeys = []string{"project_id", "category", "rule", "model", "prompt", "reason", "state"}

// object writes the number that an object is, if it is one, and goes on with the
// numbers within it.
func (l *csvLines) object(path string, fields map[string]any, key, name string) {
	for _, k := range csvKeys {
		if text, ok := fields[k].(string); ok {
			key = text
			break
		}
	}
	if text, ok := fields["name"].(string); ok {
		name = text
	}
	if _, ok := fields["unit"]; ok {
		l.add(path, key, name, fields)
	}
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		at := strings.TrimPrefix(path+"."+field, ".")
		switch v := fields[field].(type) {
		case map[string]any:
			l.object(at, v, key, name)
		case []any:
			for _, entry := range v {
				if entry, ok := entry.(map[string]any); ok {
					l.object(at, entry, key, name)
				}
			}
		case json.Number, nil:
			if _, isMeasure := fields["unit"]; !isMeasure || !slices.Contains(csvMeasure, field) {
				l.add(at, key, name, map[string]any{"value": v})
			}
		}
	}
}

func (l *csvLines) add(metric, key, name string, fields map[string]any) {
	line := slices.Concat([]string{harmless(l.table.group), harmless(l.table.label)}, l.window, []string{metric, harmless(key), harmless(name)})
	for _, column := range csvMeasure {
		line = append(line, text(fields[column]))
	}
	l.lines = append(l.lines, line)
}

// text is a scalar of JSON as a cell; null is empty.
func text(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// harmless puts an apostrophe before what a spreadsheet would take for a formula.
// Source: OWASP, CSV Injection.
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
