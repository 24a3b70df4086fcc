package prose

import (
	"strings"
	"unicode"
)

// foreignWords are function words of German, French, Spanish, Italian,
// Portuguese and Dutch that are no English words.
const foreignWords = `der das und ist nicht mit ein eine einer einem einen auf für fuer von dem den wird werden über ueber im zum zur sich auch
le la les des du et est une dans pour avec sur qui par aux sont ne pas ce cette
el los las y es un una en con para por del al que se como su
il gli di e è che della nel sono non
o os um uma da na em com não são pelo pela
het een en van op met naar wordt zijn niet voor`

// Bounds of the sample by which the language is told.
const (
	languageSample = 20_000 // bytes
	languageWords  = 12     // fewer words tell nothing
)

// readLanguage tells whether the text is plainly not English: function words of
// other languages outnumber the English ones, or most letters are not Latin.
// Names are then taken without the words around them.
func (x *extractor) readLanguage() {
	english, other := set(functionWords), set(foreignWords)
	words, ours, theirs, foreignScript := 0, 0, 0, 0
	sample := strings.ToValidUTF8(x.text[:min(len(x.text), languageSample)], "")
	for _, t := range tokenize(sample, 0, len(sample)) {
		if !t.word {
			continue
		}
		words++
		if english[t.lower] {
			ours++
		} else if other[t.lower] {
			theirs++
		}
		if strings.IndexFunc(t.text, func(r rune) bool { return unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r) }) >= 0 {
			foreignScript++
		}
	}
	x.foreign = x.fewEnglish(english) || words >= languageWords && theirs > ours && theirs*12 > words ||
		foreignScript >= languageWords/2 && foreignScript*2 > words
	if !x.foreign {
		return
	}
	x.notes = append(x.notes, "the text does not look English; parts may be missed")
	for w := range other {
		x.stop[w] = true
	}
	x.stop["die"] = true
}

// fewEnglish reports whether running text, lists apart, has hardly any English
// function word: a language that foreignWords does not know.
func (x *extractor) fewEnglish(english map[string]bool) bool {
	const enough = 25 // words of running text
	words, ours := 0, 0
	for i := range x.blocks {
		b := &x.blocks[i]
		if b.kind != paragraph || b.start > languageSample || strings.ContainsAny(x.text[b.start:b.end], ";:|<>→=") {
			continue
		}
		for _, s := range sentences(x.text, b) {
			body := x.text[s.start:s.end]
			if !strings.HasSuffix(body, ".") || strings.Count(body, ",") > 2 || len(strings.Fields(body)) < 5 {
				continue
			}
			for _, t := range s.tokens {
				if t.word {
					words++
					if english[t.lower] {
						ours++
					}
				}
			}
		}
	}
	return words >= enough && ours*16 < words
}
