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
het een en van op met naar wordt zijn niet voor
nach aus bei oder zwischen durch liest schreibt speichert sendet ruft nutzt verwendet lee guarda escribe envía lit écrit envoie legge scrive invia`

// sharedWords are function words of English that other languages have as well; a short
// text is not judged by them.
const sharedWords = `in an am so was on as a i me do no es die`

// Bounds of the sample by which the language is told.
const (
	languageSample = 20_000 // bytes
	languageWords  = 12     // fewer words are too few to count shares
	languageFew    = 2      // words of another language in a text without English ones
)

// readLanguage tells whether the text is plainly not English: function words of
// other languages outnumber the English ones, or most letters are not Latin.
// Nothing is then read: the names of products alone describe no system.
func (x *extractor) readLanguage() {
	english, other := set(functionWords), set(foreignWords)
	shared := set(sharedWords)
	words, ours, plainly, theirs, foreignScript := 0, 0, 0, 0, 0
	sample := strings.ToValidUTF8(x.text[:min(len(x.text), languageSample)], "")
	for _, t := range tokenize(sample, 0, len(sample)) {
		if !t.word {
			continue
		}
		words++
		if !other[t.lower] && (english[t.lower] && !shared[t.lower] || x.verbOf(t.lower) != 0) {
			plainly++
		}
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
		theirs >= languageFew && plainly == 0 ||
		foreignScript >= languageWords/2 && foreignScript*2 > words
	if x.foreign {
		x.notes = append(x.notes, "the text does not look English, and only English is read")
	}
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
