package prose

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// dataRow lists phrases that name data of a class.
type dataRow struct {
	class   stride.DataClass
	phrases string
}

var dataTable = []dataRow{
	{stride.DataCredentials, "password|passwords|credential|credentials|login details|username and password|pin code|passphrase|passphrases|service account credentials|database credentials"},
	{stride.DataTokens, "access token|access tokens|auth token|tokens|jwt|session cookie|session cookies|session token|refresh token|refresh tokens|bearer token|id token|session id|api token|client secret"},
	{stride.DataKeys, "private key|private keys|encryption key|encryption keys|api key|api keys|signing key|signing keys|ssh key|ssh keys|certificates|key material|secret key|secrets|seed phrase"},
	{stride.DataPayment, "card details|credit card|credit cards|card number|card numbers|payment data|payment details|payment information|bank account|iban|cardholder data|payments|transactions|billing data|card data"},
	{stride.DataHealth, "health data|medical records|medical record|patient data|patient records|health records|prescriptions|diagnosis|diagnoses|phi|lab results|test results|clinical data|vital signs|glucose readings"},
	{stride.DataPersonal, "personal data|pii|personal information|email address|email addresses|phone number|phone numbers|customer data|customer details|user data|customers' details|names and addresses|profile|profiles|home address|date of birth|social security number|passport|contact details|biometric data|customer records|user profiles|personally identifiable information|employee data"},
	{stride.DataLocation, "location|locations|gps coordinates|gps position|geolocation|position data|location data"},
	{stride.DataTelemetry, "telemetry|metrics|sensor data|sensor readings|measurements|readings|usage data|status data|diagnostics|camera data|video stream"},
	{stride.DataLogs, "logs|audit log|audit logs|log files|audit events|audit trail|log data|event logs|log entries|log records"},
	{stride.DataModels, "model weights|trained model|model file|model artifact|model artifacts|trained models"},
	{stride.DataTrainingData, "training data|training dataset|training images|labeled data|validation images|training set|training and validation images"},
	{stride.DataSourceCode, "source code|git commits|code changes|pull requests|repository contents|build scripts|commits"},
	{stride.DataFirmware, "firmware|firmware image|firmware images|ota updates|software updates|update package|update packages|firmware updates|binaries"},
	{stride.DataCommands, "commands|command|control messages|control commands|instructions to|actuator commands|motion commands|setpoints|remote commands"},
	{stride.DataBusiness, "orders|order|invoices|invoice|contracts|business data|documents|reports|inventory|project metadata|financial data|accounting data|workspaces|claims|bookings|order information|files|messages|tickets|policies|configuration|queries"},
	{stride.DataPublic, "static assets|public content|marketing content|public pages|static content|weather data|product catalog"},
}

type dataPhrase struct {
	words []string
	class stride.DataClass
}

func dataIndex() map[string][]dataPhrase {
	out := map[string][]dataPhrase{}
	for _, r := range dataTable {
		for _, p := range strings.Split(r.phrases, "|") {
			words := strings.Fields(p)
			out[words[0]] = append(out[words[0]], dataPhrase{words, r.class})
		}
	}
	return out
}

// datum is one phrase that names data, as written.
type datum struct {
	class stride.DataClass
	text  string
	at    int
}

func (x *extractor) dataPhrases(lower string) []datum {
	words, spans := wordsOf(lower)
	var out []datum
	for i := 0; i < len(words); i++ {
		best := dataPhrase{}
		if words[i] == "logs" && i+1 < len(words) && (words[i+1] == "in" || words[i+1] == "into" || words[i+1] == "on") {
			continue
		}
		for _, p := range x.classes[words[i]] {
			if len(p.words) > len(best.words) && matchAt(words, i, p.words) {
				best = p
			}
		}
		if n := len(best.words); n > 0 {
			out = append(out, datum{best.class, lower[spans[i][0]:spans[i+n-1][1]], spans[i][0]})
			i += n - 1
		}
	}
	return out
}

// wordsOf cuts lower-case text into the words that tokenize would find, and where each
// stands, without making tokens.
func wordsOf(lower string) (words []string, spans [][2]int) {
	words, spans = make([]string, 0, len(lower)/5+1), make([][2]int, 0, len(lower)/5+1)
	for i := 0; i < len(lower); {
		r, size := utf8.DecodeRuneInString(lower[i:])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			i += size
			continue
		}
		end := wordEnd(lower, i, len(lower))
		words, spans = append(words, lower[i:end]), append(spans, [2]int{i, end})
		i = end
	}
	return words, spans
}

// dataIn returns the classes of data that lower-case text names, in order.
func (x *extractor) dataIn(lower string) []stride.DataClass {
	var out []stride.DataClass
	for _, d := range x.dataPhrases(lower) {
		out = addClass(out, d.class)
	}
	return out
}

func addClass(list []stride.DataClass, d stride.DataClass) []stride.DataClass {
	if slices.Contains(list, d) {
		return list
	}
	return append(list, d)
}

// asset is data worth protecting while the document is being read.
type asset struct {
	name     string
	class    stride.DataClass
	holders  []*element
	evidence []stride.Evidence
}

// readData gives stores the data that sentences put into them, and collects
// assets: from a list of assets where there is one, else from those sentences.
func (x *extractor) readData() {
	named := map[string]*asset{}
	for i := range x.sentences {
		s := &x.sentences[i]
		if s.block.kind == heading {
			continue
		}
		if s.block.section.role == roleAssumptions || assumes(x.text[s.start:s.end]) {
			x.assume(s)
		}
		lower := strings.ToLower(x.text[s.start:s.end])
		if strings.HasPrefix(lower, "out of scope:") || s.beyond() && s.namesNoPart() {
			x.leaveOut(s)
		}
		found := x.dataPhrases(lower)
		listed := s.block.section.role == roleAssets && s.block.kind == bullet
		holders := x.holders(s, lower)
		for _, d := range found {
			if s.insideMention(s.start + d.at) {
				continue
			}
			if len(holders) == 0 && !listed {
				continue
			}
			x.note(named, s, d, holders)
		}
	}
}

// insideMention reports whether the offset lies in the name of a part.
func (s *sentence) insideMention(at int) bool {
	for _, m := range s.mentions {
		if s.tokens[m.from].start <= at && at < s.tokens[m.to-1].end {
			return true
		}
	}
	return false
}

func (x *extractor) note(named map[string]*asset, s *sentence, d datum, holders []*element) {
	a := named[d.text]
	if a == nil {
		a = &asset{name: display(d.text), class: d.class}
		named[d.text] = a
		x.assets = append(x.assets, a)
	}
	at := s.start + min(d.at, s.end-s.start)
	a.evidence = addEvidence(a.evidence, x.quote(s.start, s.end, at, at+len(d.text)))
	for _, e := range holders {
		e.data = addClass(e.data, d.class)
		if !slices.Contains(a.holders, e) {
			a.holders = append(a.holders, e)
		}
	}
}

// holders are the stores of a sentence that says what is kept.
func (x *extractor) holders(s *sentence, lower string) []*element {
	keeps := false
	for _, w := range []string{"stor", "keep", "kept", "hold", "contain", "persist", "record", "writ", "sav", "log", "archiv", "cache"} {
		keeps = keeps || strings.Contains(lower, w)
	}
	if !keeps || s.block.declared {
		return nil
	}
	var out []*element
	for _, m := range s.mentions {
		if m.elem != nil && m.elem.kind == stride.DataStore && !slices.Contains(out, m.elem) {
			out = append(out, m.elem)
		}
	}
	return out
}

func (x *extractor) buildAssets(live map[*element]bool, keys map[stride.Key]int) []stride.Asset {
	var out []stride.Asset
	if len(live) == 0 {
		return out
	}
	for _, a := range x.assets {
		b := stride.Asset{ID: unique(keys, stride.Slug(a.name)+"-a"), Name: a.name, Class: a.class, Evidence: a.evidence}
		for _, e := range a.holders {
			if live[e] {
				b.ElementIDs = append(b.ElementIDs, e.key)
			}
		}
		out = append(out, b)
	}
	return out
}

func assumes(text string) bool {
	lower := strings.ToLower(text)
	for _, p := range []string{"we assume", "is assumed", "are assumed", "assume that", "assumption that", "assuming that", "it is assumed"} {
		if strings.Contains(lower, p) {
			return true
		}
	}
	return false
}

func (x *extractor) assume(s *sentence) {
	if s.end-s.start < stride.MinQuote || len(x.assumptions) >= 200 {
		return
	}
	x.assumptions = append(x.assumptions, stride.Assumption{Text: strings.Join(strings.Fields(x.text[s.start:s.end]), " "),
		Evidence: []stride.Evidence{x.quote(s.start, s.end, s.start, s.end)}})
}

// leftOut is how an assumption begins that sets something aside.
const leftOut = "out of scope"

// leaveOut notes what the text sets aside, which it assumes to be taken care of.
func (x *extractor) leaveOut(s *sentence) {
	had := len(x.assumptions)
	x.assume(s)
	if len(x.assumptions) > had && !strings.HasPrefix(strings.ToLower(x.assumptions[had].Text), leftOut) {
		x.assumptions[had].Text = "Out of scope: " + x.assumptions[had].Text
	}
}

// readScope honours "out of scope": a list under that heading, and sentences
// that say so of a part.
func (x *extractor) readScope() {
	for i := range x.sentences {
		s := &x.sentences[i]
		lower := strings.ToLower(x.text[s.start:s.end])
		cut := strings.Index(lower, "out of scope")
		if cut < 0 {
			cut = strings.Index(lower, "not in scope")
		}
		inList := s.block.section.role == roleOutOfScope && s.block.kind != heading
		if cut < 0 && !inList || s.block.declared {
			continue
		}
		for j, m := range s.mentions {
			if m.elem == nil || !inList && s.tokens[m.from].start >= s.start+cut {
				continue
			}
			m.elem.outside = true
			if inList && (j+1 == len(s.mentions) || !x.enumerated(s, j)) {
				break
			}
		}
	}
}
