package llm

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Price is what a million tokens cost, in micro-USD. Without Cached, cached
// tokens cost what the others do.
type Price struct {
	Input  int64 `json:"input"`
	Cached int64 `json:"cached"`
	Output int64 `json:"output"`
}

// Prices maps a model, or "provider/model", to its price.
type Prices map[string]Price

const (
	perTokens = 1_000_000
	// maxPrice is a million dollars per million tokens; it keeps the sums of
	// any call within an int64.
	maxPrice = 1_000_000_000_000
	// maxPricesBytes bounds the file.
	maxPricesBytes = 1 << 20
)

// ReadPrices reads a JSON object of model -> {"input", "cached", "output"},
// micro-USD per million tokens. Returns Invalid where it is anything else.
func ReadPrices(r io.Reader) (Prices, error) {
	d := json.NewDecoder(io.LimitReader(r, maxPricesBytes))
	d.DisallowUnknownFields()
	var prices Prices
	if err := d.Decode(&prices); err != nil {
		return nil, stride.Errorf(stride.Invalid, "the prices are no JSON object of model: {input, cached, output}: %v", err)
	}
	for model, p := range prices {
		if min(p.Input, p.Cached, p.Output) < 0 || max(p.Input, p.Cached, p.Output) > maxPrice {
			return nil, stride.InvalidField(model, "has a price outside of 0 to %d micro-USD per million tokens", int64(maxPrice))
		}
	}
	return prices, nil
}

// of finds the price of a provider's model.
func (p Prices) of(provider, model string) (Price, bool) {
	if price, ok := p[provider+"/"+model]; ok {
		return price, true
	}
	price, ok := p[model]
	return price, ok
}

// Cost is what the tokens cost in micro-USD, rounded up, and whether the model
// has a price; without one it is 0.
func (p Prices) Cost(provider, model string, u Usage) (int64, bool) {
	price, ok := p.of(provider, model)
	if !ok {
		return 0, false
	}
	cached := price.Cached
	if cached == 0 {
		cached = price.Input
	}
	hits := min(u.Cached, u.Prompt)
	sum := int64(u.Prompt-hits)*price.Input + int64(hits)*cached + int64(u.Completion)*price.Output
	return (sum + perTokens - 1) / perTokens, true
}

// String says how many prices there are, for logs.
func (p Prices) String() string { return fmt.Sprintf("%d prices", len(p)) }
