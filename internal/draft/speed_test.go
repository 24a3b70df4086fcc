package draft

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/threatdraft/threatdraft/internal/llm/llmtest"
	"github.com/threatdraft/threatdraft/internal/stride"
	"github.com/threatdraft/threatdraft/prompts"
)

// twelve is a design of twelve elements.
const twelve = "Customers use the Web Shop over HTTPS. The Web Shop calls the Order API over HTTPS. The Order API stores orders in the Order Database (PostgreSQL). " +
	"The Order API publishes events to the Event Queue (RabbitMQ). The Mail Worker reads events from the Event Queue and sends mails through SendGrid. " +
	"The Invoice Worker reads events from the Event Queue and writes invoices to the Invoice Bucket (S3). Administrators use the Admin Console over VPN. " +
	"The Admin Console calls the Order API. All parts write logs to the Log Store (Elasticsearch)."

// BenchmarkHybridDraft prints how a draft of twelve elements streams from a server
// of 50 tokens a second and 500 ms to the first token: when the model's first
// suggestion is there, and how long all take as a share of one call that gives the
// same items one after the other. It prints prompt tokens (bytes / 4) beside.
func BenchmarkHybridDraft(b *testing.B) {
	for range b.N {
		s := llmtest.New(b, func(q llmtest.Query) *llmtest.Reply { return llmtest.Text(itemsFor(q)) })
		s.FirstToken, s.TokensPerSecond = 500*time.Millisecond, 50
		started := time.Now()
		var first, last time.Duration // of the model's own suggestions
		known := map[string]bool{}
		in := Input{Sources: []stride.Source{{ID: "s", Content: []byte(twelve)}}, Complete: true}
		out, err := served(b, s, time.Minute).Run(b.Context(), in, func(_ context.Context, i Item) error {
			if i.Group == "" || known[i.Key] {
				return nil
			}
			known[i.Key], last = true, time.Since(started)
			if first == 0 {
				first = last
			}
			return nil
		})
		if err != nil || len(out.LLM.Missing()) > 0 {
			b.Fatal(err, out.LLM)
		}
		prompt, _ := s.Tokens()
		single := 500*time.Millisecond + time.Duration(said(s))*time.Second/50/4
		b.ReportMetric(first.Seconds(), "s/first")
		b.ReportMetric(last.Seconds(), "s/all")
		b.ReportMetric(time.Since(started).Seconds(), "s/done")
		b.ReportMetric(float64(last)/float64(single), "of-one-call")
		b.ReportMetric(float64(prompt), "prompt-tokens")
		b.ReportMetric(float64(len(twelve))/4*2.5+6000, "prompt-tokens-allowed")
		b.ReportMetric(float64(len(out.Architecture.Elements)), "elements")
	}
}

// said is how many bytes of threats the server gave.
func said(s *llmtest.Server) int {
	n := 0
	for _, q := range s.Queries() {
		if q.SchemaName == prompts.Threats {
			n += len(itemsFor(q))
		}
	}
	return n
}

// itemsFor answers a question about threats with two items per element, and others
// with little, as a model does that has nothing to add.
func itemsFor(q llmtest.Query) string {
	switch q.SchemaName {
	case prompts.Threats:
	case prompts.Mitigations:
		var items []map[string]any
		for i := range strings.Count(q.User, "\n") {
			items = append(items, map[string]any{"index": i, "text": "Check the sender of each event and refuse what is not signed by it.", "references": []string{"CWE-345"}})
		}
		b, _ := json.Marshal(map[string]any{"mitigations": items[:min(len(items), 12)]})
		return string(b)
	default:
		return "{}"
	}
	var items []map[string]any
	letters := []string{"spoofing", "tampering", "repudiation", "information_disclosure", "denial_of_service", "elevation_of_privilege"}
	for line := range strings.Lines(q.User) {
		id, rest, ok := strings.Cut(line, " = ")
		name, _, element := strings.Cut(rest, " (")
		if !ok || !element || !strings.HasPrefix(id, "e") {
			continue
		}
		for i := range 2 {
			items = append(items, map[string]any{
				"targets": []string{id}, "category": letters[(len(items)+i)%len(letters)], "title": fmt.Sprintf("Odd attack %d on %s", i, name),
				"statement": fmt.Sprintf("An intruder can twist step %d of %s because its peers trust it, causing lost orders.", i, name),
				"quote":     "", "likelihood": 2, "impact": 3, "cwe": []string{"CWE-345"}, "improves": "",
			})
		}
	}
	b, _ := json.Marshal(map[string]any{"threats": items})
	return string(b)
}
