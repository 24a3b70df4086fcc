package draft

import (
	"context"
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
	"github.com/threatdraft/threatdraft/prompts"
)

// maxCompleted bounds how much text the question about missing parts carries, in
// bytes; what is behind it is left to the extractor.
const maxCompleted = 24_000

// Bounds of what a model may add to an Architecture.
const (
	mostParts = 20
	mostFlows = 30
	longName  = 60
)

// offered are the tags that a model may give a part: general ones, since a wrong
// special one brings the threats of another field.
var offered = strings.Fields(`admin api api_gateway artifact_registry backup_store browser cache ci_cd code_repository config_store container database
	desktop_app developer document_store email_service end_user event_stream file_storage function identity_provider iot_device key_value_store
	kubernetes llm llm_application load_balancer log_store message_bus ml_model ml_pipeline mobile_app monitoring object_storage operator parser
	payment_service queue relational reverse_proxy scheduler search_index secret_store sensor service third_party vector_store web_app webhook_receiver worker`)

// foundPart and foundFlow are what a model finds; see prompts/extract.
type foundPart struct {
	Name  string             `json:"name"`
	Kind  stride.ElementKind `json:"kind"`
	Tags  []stride.Tag       `json:"tags"`
	Quote string             `json:"quote"`
}

type foundFlow struct {
	Source   string `json:"source"`
	Target   string `json:"target"`
	Name     string `json:"name"`
	Protocol string `json:"protocol"`
	Quote    string `json:"quote"`
}

// completion adds to an Architecture what a model finds in the text beside it.
// Nothing that is there changes, and each addition quotes the text.
type completion struct {
	a      stride.Architecture
	quotes *quoter
	drop   func(task, title, reason string)
	parts  int
	flows  []foundFlow // until all parts are known
}

// complete asks the model which parts the extractor missed in the sources of a, and
// returns them. On a failure it returns none: parts that are known halfway would
// change what is asked, and the question is asked again by whoever resumes.
func (h *hybrid) complete(ctx context.Context, a stride.Architecture) stride.Addition {
	if before, ok := h.restore(ctx, prompts.Extract, ""); ok {
		if before.Found != nil {
			return *before.Found
		}
		return stride.Addition{}
	}
	state := aboutAll(prompts.Extract)
	c := completion{a: a.Clone(), quotes: newQuoter(h.in.Sources), drop: state.drop}
	q := question{Excerpt: cut(joinSources(h.in.Sources), maxCompleted)}
	for _, e := range a.Elements {
		q.Elements = append(q.Elements, h.check.describe(e, h.zones))
	}
	for _, f := range a.Flows {
		q.Flows = append(q.Flows, h.check.describeFlow(f))
	}
	_, err := h.ask(ctx, &state, prompts.Extract, q, map[string][]string{"tags": offered}, func(_ *collector, list string, object []byte) {
		switch list {
		case "parts":
			c.addPart(object)
		case "flows":
			var f foundFlow
			if decode(object, &f) == nil && len(c.flows) < mostFlows {
				c.flows = append(c.flows, f)
			}
		}
	})
	if err != nil {
		h.ended(ctx, state.endedBy(err))
		return stride.Addition{}
	}
	for _, f := range c.flows {
		c.addFlow(f)
	}
	found := stride.Addition{Elements: c.a.Elements[len(a.Elements):], Flows: c.a.Flows[len(a.Flows):]}
	state.Found = &found
	h.ended(ctx, state.endedBy(err))
	return found
}

// addPart adds a part with a quote that has its name.
func (c *completion) addPart(object []byte) {
	var p foundPart
	if decode(object, &p) != nil || c.parts >= mostParts {
		return
	}
	name := oneLine(p.Name)
	quote, found := c.quotes.find(p.Quote)
	switch {
	case name == "" || len(name) > longName || stride.Slug(name) == "" || !stride.PlainText(name):
		c.drop(prompts.Extract, name, "a part's name has 1 to 60 bytes")
		return
	case !isName(name):
		c.drop(prompts.Extract, name, "that is no name of a part")
		return
	case !p.Kind.Valid():
		c.drop(prompts.Extract, name, "the kind is none of a data-flow diagram")
		return
	case !found || !strings.Contains(strings.ToLower(oneLine(quote.Quote)), strings.ToLower(name)):
		c.drop(prompts.Extract, name, "no quote has the part's name")
		return
	}
	if _, known := c.named(name); known {
		return
	}
	key := stride.Key(stride.Slug(name) + "-" + string(p.Kind)[:1])
	if _, taken := c.a.Element(key); taken {
		return
	}
	tags := slices.DeleteFunc(slices.Clone(p.Tags), func(t stride.Tag) bool { return !slices.Contains(offered, string(t)) })
	c.a.Elements = append(c.a.Elements, stride.Element{ID: key, Name: name, Kind: p.Kind, Tags: tags[:min(len(tags), 2)], Evidence: []stride.Evidence{quote}})
	c.parts++
}

// named returns the element that has the name, or one that it contains as a whole.
func (c *completion) named(name string) (stride.Key, bool) {
	slug := plainSlug(name)
	for _, e := range c.a.Elements {
		for _, own := range append([]string{e.Name}, e.Aliases...) {
			if plainSlug(own) == slug {
				return e.ID, true
			}
		}
	}
	return "", false
}

// plainSlug is a name without article and without the plural.
func plainSlug(name string) string {
	return strings.TrimSuffix(strings.TrimPrefix(stride.Slug(name), "the-"), "s")
}

// addFlow adds a flow between known parts with a quote, unless one is there in the
// same direction.
func (c *completion) addFlow(f foundFlow) {
	from, haveFrom := c.named(f.Source)
	to, haveTo := c.named(f.Target)
	label := oneLine(f.Name)
	quote, found := c.quotes.find(f.Quote)
	if !haveFrom || !haveTo || from == to || !found || len(label) > longName || !isName(label) {
		c.drop(prompts.Extract, f.Source+" -> "+f.Target, "a flow joins two known parts and has a quote")
		return
	}
	if slices.ContainsFunc(c.a.Flows, func(have stride.Flow) bool { return have.SourceID == from && have.TargetID == to }) {
		return
	}
	key := stride.Key(stride.Slug(string(from)+" "+string(to)) + "-f")
	if _, taken := c.a.Flow(key); taken {
		return
	}
	protocol := strings.ToLower(oneLine(f.Protocol))
	if !strings.Contains(strings.ToLower(quote.Quote), protocol) || len(protocol) > longName {
		protocol = "" // what the text does not say is not known
	}
	c.a.Flows = append(c.a.Flows, stride.Flow{ID: key, Name: label, SourceID: from, TargetID: to, Protocol: protocol, Evidence: []stride.Evidence{quote}})
}
