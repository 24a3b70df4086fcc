package metrics

import "math"

// z95 is the 97.5 % quantile of the normal distribution, for a 95 % interval.
const z95 = 1.959963984540054

// Wilson returns the 95 % score interval of a proportion of which successes out
// of n were seen, both ends within [0, 1]. It stays honest for small n, where
// the textbook interval collapses; n = 0 says nothing and gives [0, 1].
// Source: Wilson, "Probable Inference, the Law of Succession, and Statistical
// Inference", JASA 22 (1927).
func Wilson(successes, n int) (lo, hi float64) {
	if n <= 0 {
		return 0, 1
	}
	total := float64(n)
	p := float64(successes) / total
	denominator := 1 + z95*z95/total
	centre := (p + z95*z95/(2*total)) / denominator
	half := z95 / denominator * math.Sqrt(p*(1-p)/total+z95*z95/(4*total*total))
	return math.Max(0, centre-half), math.Min(1, centre+half)
}
