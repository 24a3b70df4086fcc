package rules

import (
	"slices"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Facts about classes of data whose words have another meaning in the language of the
// field: a database has transactions, and an API has keys.

// otherMeaning is a class, stems of the word that is taken for it, and stems of words
// beside which that word means it.
type otherMeaning struct {
	class           stride.DataClass
	taken, confirms []string
	instead         stride.DataClass // what the word means elsewhere, "" for no class
}

var otherMeanings = []otherMeaning{
	{
		stride.DataPayment, []string{"transaction"},
		[]string{"pay", "card", "bank", "billing", "bill", "invoice", "checkout", "price", "money", "wallet", "currency", "purchase", "refund", "merchant", "iban", "financ", "orders", "shop", "ledger", "fraud", "settle", "coin", "crypto", "fund", "trade", "trading", "transfer", "pos", "sale"},
		"",
	},
	{
		stride.DataKeys, []string{"api", "ssh", "authorized", "password", "access"},
		[]string{"private", "signing", "encrypt", "cryptograph", "certificat", "hsm", "kms", "tls", "pki", "master", "seed", "wallet", "firmware", "session", "symmetric", "cipher", "vault", "license"},
		stride.DataCredentials,
	},
}

// meantData returns the classes that the words speak of, which is data itself where
// nothing is to be left out. Where there are no words, as in a drawing, each is meant.
func meantData(data []stride.DataClass, said vocabulary) []stride.DataClass {
	for _, m := range otherMeanings {
		if !slices.Contains(data, m.class) || !said.holds(m.taken...) || said.holds(m.confirms...) {
			continue
		}
		kept := make([]stride.DataClass, 0, len(data))
		for _, c := range data {
			if c == m.class {
				c = m.instead
			}
			if c != "" && !slices.Contains(kept, c) {
				kept = append(kept, c)
			}
		}
		data = kept
	}
	return data
}

// meantElement returns e, or a copy of it with the classes that its name and quotes
// speak of.
func meantElement(e *stride.Element) *stride.Element {
	if len(e.Data) == 0 {
		return e
	}
	data := meantData(e.Data, append(wordsIn(e.Name), quotedWords(e.Evidence)...))
	if slices.Equal(data, e.Data) {
		return e
	}
	meant := *e
	meant.Data = data
	return &meant
}
