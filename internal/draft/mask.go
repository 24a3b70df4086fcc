package draft

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"math"
	"regexp"
	"slices"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// A table of our own stands in for a scanner's library: gitleaks brings 145 packages
// into the program, and its rules ask for a file and its path. What is borrowed is
// its idea of two kinds of rules: well-known forms, and values that look random
// behind a word such as password. Each rule begins at a fixed text, an anchor, and
// looks at a bounded piece of what follows, so that the cost is linear.

// secretForms are the well-known forms of credentials, each from its anchors on.
// Where a form has a group, that is the secret. Back is how many bytes of the form
// may stand before the anchor, and behind tells which. Sources: the providers' own documentation of their
// keys.
var secretForms = []struct {
	name    string
	anchors []string
	form    *regexp.Regexp
	back    int
	behind  func(byte) bool
}{
	{"an AWS access key", []string{"AKIA", "ASIA", "ABIA", "ACCA"}, regexp.MustCompile(`^.{4}[0-9A-Z]{16}\b`), 0, nil},
	{"a GitHub token", []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_"}, regexp.MustCompile(`^.{4}[A-Za-z0-9]{36,255}\b`), 0, nil},
	{"a GitHub token", []string{"github_pat_"}, regexp.MustCompile(`^.{11}[A-Za-z0-9_]{60,255}\b`), 0, nil},
	{"a GitLab token", []string{"glpat-", "gldt-", "glrt-", "glptt-", "glcbt-", "glsoat-", "glft-", "glagent-"}, regexp.MustCompile(`^gl[a-z]{2,5}-[A-Za-z0-9_.-]{20,300}`), 0, nil},
	{"a Slack token", []string{"xox", "xapp-"}, regexp.MustCompile(`^(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,300}`), 0, nil},
	{"a Slack webhook", []string{"hooks.slack.com/services/"}, regexp.MustCompile(`^.{25}([A-Za-z0-9/]{20,200})`), 0, nil},
	{"a Teams webhook", []string{"webhook.office.com/webhookb2/"}, regexp.MustCompile(`^.{29}([A-Za-z0-9/@-]{20,300})`), 0, nil},
	{"a Discord webhook", []string{"/api/webhooks/"}, regexp.MustCompile(`^.{14}\d{10,25}/([A-Za-z0-9_-]{30,120})`), 0, nil},
	{"a Stripe key", []string{"sk_live_", "sk_test_", "rk_live_", "rk_test_"}, regexp.MustCompile(`^.{8}[A-Za-z0-9]{16,300}`), 0, nil},
	{"a Stripe webhook secret", []string{"whsec_"}, regexp.MustCompile(`^.{6}[A-Za-z0-9+/=]{20,200}`), 0, nil},
	{"a Google API key", []string{"AIza"}, regexp.MustCompile(`^.{4}[0-9A-Za-z_-]{35}`), 0, nil},
	{"a Google client secret", []string{"GOCSPX-"}, regexp.MustCompile(`^.{7}[0-9A-Za-z_-]{20,60}`), 0, nil},
	{"a Google access token", []string{"ya29."}, regexp.MustCompile(`^.{5}[0-9A-Za-z_-]{20,300}`), 0, nil},
	{"an API key", []string{"sk-"}, regexp.MustCompile(`^sk-[A-Za-z0-9_-]{20,300}`), 0, nil},
	{"a SendGrid key", []string{"SG."}, regexp.MustCompile(`^SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}`), 0, nil},
	{"an npm token", []string{"npm_"}, regexp.MustCompile(`^.{4}[A-Za-z0-9]{36}\b`), 0, nil},
	{"a PyPI token", []string{"pypi-"}, regexp.MustCompile(`^.{5}[A-Za-z0-9_-]{50,300}`), 0, nil},
	{"a RubyGems key", []string{"rubygems_"}, regexp.MustCompile(`^.{9}[a-f0-9]{40,64}`), 0, nil},
	{"a Docker token", []string{"dckr_pat_"}, regexp.MustCompile(`^.{9}[A-Za-z0-9_-]{20,60}`), 0, nil},
	{"a Vault token", []string{"hvs.", "hvb.", "hvr."}, regexp.MustCompile(`^.{4}[A-Za-z0-9_-]{20,300}`), 0, nil},
	{"a DigitalOcean token", []string{"dop_v1_", "doo_v1_", "dor_v1_"}, regexp.MustCompile(`^.{7}[a-f0-9]{32,64}`), 0, nil},
	{"a Shopify token", []string{"shpat_", "shpca_", "shppa_", "shpss_"}, regexp.MustCompile(`^.{6}[A-Fa-f0-9]{32}`), 0, nil},
	{"a Databricks token", []string{"dapi"}, regexp.MustCompile(`^.{4}[a-f0-9]{32}(?:-\d)?\b`), 0, nil},
	{"a Hugging Face token", []string{"hf_"}, regexp.MustCompile(`^.{3}[A-Za-z0-9]{30,40}\b`), 0, nil},
	{"a Twilio key", []string{"SK", "AC"}, regexp.MustCompile(`^..[a-f0-9]{32}\b`), 0, nil},
	{"a Mailgun key", []string{"key-"}, regexp.MustCompile(`^.{4}[a-f0-9]{32}\b`), 0, nil},
	{"a Grafana token", []string{"glsa_", "glc_"}, regexp.MustCompile(`^gl[a-z]{1,2}_[A-Za-z0-9_+/=]{30,300}`), 0, nil},
	{"a Linear key", []string{"lin_api_"}, regexp.MustCompile(`^.{8}[A-Za-z0-9]{30,60}`), 0, nil},
	{"a Notion token", []string{"ntn_", "secret_"}, regexp.MustCompile(`^[a-z]{3,6}_[A-Za-z0-9]{40,60}\b`), 0, nil},
	{"an Atlassian token", []string{"ATATT3", "ATCTT3"}, regexp.MustCompile(`^.{6}[A-Za-z0-9_=-]{30,300}`), 0, nil},
	{"a New Relic key", []string{"NRAK-"}, regexp.MustCompile(`^.{5}[A-Z0-9]{27}`), 0, nil},
	{"a Postman key", []string{"PMAK-"}, regexp.MustCompile(`^.{5}[a-f0-9]{24}-[a-f0-9]{34}`), 0, nil},
	{"a Pulumi token", []string{"pul-"}, regexp.MustCompile(`^.{4}[a-f0-9]{40}\b`), 0, nil},
	{"a Terraform token", []string{".atlasv1."}, regexp.MustCompile(`^[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{40,100}`), 14, isTokenByte},
	{"an age key", []string{"AGE-SECRET-KEY-1"}, regexp.MustCompile(`^.{16}[A-Z0-9]{50,64}`), 0, nil},
	{"a PlanetScale password", []string{"pscale_"}, regexp.MustCompile(`^pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{32,64}`), 0, nil},
	{"an Azure client secret", []string{"Q~"}, regexp.MustCompile(`^[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}`), 4, isTokenByte},
	{"an Azure signature", []string{"?sig=", "&sig="}, regexp.MustCompile(`^.{5}([A-Za-z0-9%+/=_-]{20,200})`), 0, nil},
	{"a Telegram bot token", []string{":A"}, regexp.MustCompile(`^\d{5,16}:A[A-Za-z0-9_-]{33,35}`), 16, isDigit},
	{"a JSON web token", []string{"eyJ"}, regexp.MustCompile(`^eyJ[A-Za-z0-9_-]{10,900}\.eyJ[A-Za-z0-9_-]{10,900}\.[A-Za-z0-9_-]{10,900}`), 0, nil},
	{"a password in an address", []string{"://"}, regexp.MustCompile(`^://[^\s:/@"'<>]{0,80}:([^\s/"'<>]{3,200})@`), 0, nil},
}

// keywords come before credentials, in lower case. Behind the unsure ones stand
// other values as well, which is why only a random one is masked there.
var keywords = []struct {
	word   string
	unsure bool
}{
	{"password", false}, {"passwd", false}, {"passphrase", false}, {"passwort", false}, {"kennwort", false}, {"pwd", false}, {"pass", false},
	{"secret", false}, {"token", false}, {"apikey", false}, {"api key", false}, {"api_key", false}, {"api-key", false}, {"access key", false}, {"accesskey", false},
	{"credential", false}, {"authorization", false}, {"key", true},
}

// assigned is what stands between a name and its value: an operator or a verb, and
// how the value is to be sent.
var assigned = regexp.MustCompile(`^["'` + "`" + `\])*]{0,3}(?:` +
	`[ \t]{0,3}(?::=|=>|={1,3}|:|\||>)|[ \t](?:is|was|are|ist|war|lautet|est|es|è)[ \t](?:(?:set|changed) to[ \t]|(?:now|still|currently|just)[ \t])?|` +
	`,?\r?\n[ \t]{0,20}["']?value["']?[ \t]?[:=]|[ \t])[ \t]{0,3}(?i:(?:bearer|basic|token|apikey)[ \t]{1,3})?`)

// Lengths of a value behind a keyword, in bytes.
const (
	leastValue = 8
	mostValue  = 300
)

// mostNotes is how many masked credentials of a source are named one by one.
const mostNotes = 50

// masking masks one source. Text is a copy once something is masked.
type masking struct {
	text, from []byte
	found      []maskedSpan
}

type maskedSpan struct {
	at   int
	name string
}

// Mask returns the sources with every credential replaced by asterisks of the same
// length, so that offsets hold, and a note for each that names its place but not
// its bytes. Sources without credentials are returned as they are.
func Mask(sources []stride.Source) ([]stride.Source, []string) {
	out := slices.Clone(sources)
	var notes []string
	for i := range out {
		m := maskAll(out[i].Content)
		out[i].Content = m.text
		notes = append(notes, m.notes()...)
	}
	return out, notes
}

// MaskText is Mask for a text without a place of its own.
func MaskText(text string) string { return string(maskAll([]byte(text)).text) }

func maskAll(text []byte) *masking {
	m := &masking{text: text, from: text}
	m.privateKeys()
	m.forms()
	m.values()
	return m
}

// mask covers bytes, except line breaks; what is mostly covered stays as it is.
func (m *masking) mask(name string, from, to int) {
	if from >= to || bytes.Count(m.text[from:to], []byte("*")) > (to-from)/2 {
		return
	}
	if &m.text[0] == &m.from[0] {
		m.text = slices.Clone(m.from)
	}
	for k := from; k < to; k++ {
		if m.text[k] != '\n' && m.text[k] != '\r' {
			m.text[k] = '*'
		}
	}
	m.found = append(m.found, maskedSpan{from, name})
}

// notes names what was masked in the order of the text.
func (m *masking) notes() []string {
	slices.SortFunc(m.found, func(a, b maskedSpan) int { return cmp.Compare(a.at, b.at) })
	var out []string
	line, counted := 1, 0
	for _, s := range m.found[:min(len(m.found), mostNotes)] {
		line += bytes.Count(m.from[counted:s.at], []byte("\n"))
		counted = s.at
		out = append(out, fmt.Sprintf("%s was masked in line %d: what is pasted here may be read by others, so change it.", capital(s.name), line))
	}
	if more := len(m.found) - mostNotes; more > 0 {
		out = append(out, fmt.Sprintf("%d more credentials were masked.", more))
	}
	return out
}

// each calls f with each place of the anchor in text; f returns where to go on.
func each(text []byte, anchor string, f func(at int) int) {
	for from := 0; from < len(text); {
		i := bytes.Index(text[from:], []byte(anchor))
		if i < 0 {
			return
		}
		from = max(f(from+i), from+i+1)
	}
}

var (
	keyBegins = regexp.MustCompile(`^-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----`)
	keyEnds   = regexp.MustCompile(`^-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----`)
	// keyLine is a line of a key: Base64, at most as a quote, a comment or a string.
	keyLine = regexp.MustCompile(`^[\s>|#*"'+/]{0,20}[A-Za-z0-9+/=\\]*[\s"',\\+;]{0,10}$`)
	keyHead = regexp.MustCompile(`^\s{0,20}[A-Z][A-Za-z-]{2,20}: .{1,100}$`)
)

// privateKeys masks keys from BEGIN to END, or where the end is missing the lines
// that can be of one.
func (m *masking) privateKeys() {
	const most = 32_000 // a key's length
	each(m.text, "-----BEGIN ", func(at int) int {
		head := keyBegins.Find(m.text[at:min(len(m.text), at+90)])
		if head == nil {
			return at + 1
		}
		body := at + len(head)
		end := bodyEnd(m.text[:min(len(m.text), body+most)], body)
		if next := bytes.Index(m.text[body:min(len(m.text), body+most)], []byte("-----")); next >= 0 {
			last := m.text[body+next : min(len(m.text), body+next+90)]
			if tail := keyEnds.Find(last); tail != nil {
				end = body + next + len(tail)
			}
		}
		m.mask("a private key", at, end)
		return end
	})
}

// bodyEnd returns where the lines that can be of a key end.
func bodyEnd(text []byte, from int) int {
	begun := false
	for at := from; at < len(text); {
		end := at + bytes.IndexByte(text[at:], '\n')
		if end < at {
			end = len(text)
		}
		line := bytes.TrimRight(text[at:end], "\r")
		empty := len(bytes.TrimSpace(line)) == 0
		if begun && empty || !keyLine.Match(line) && (begun || !keyHead.Match(line)) {
			return at
		}
		begun = begun || !empty && at > from && !keyHead.Match(line)
		at = end + 1
	}
	return len(text)
}

// forms masks what has a well-known form.
func (m *masking) forms() {
	const most = 3000
	for _, f := range secretForms {
		for _, anchor := range f.anchors {
			each(m.from, anchor, func(at int) int {
				start := at
				for f.back > 0 && start > 0 && at-start < f.back && f.behind(m.text[start-1]) {
					start--
				}
				if f.back == 0 && isWordByte(anchor[0]) && at > 0 && isWordByte(m.text[at-1]) {
					return at + 1
				}
				span := f.form.FindSubmatchIndex(m.text[start:min(len(m.text), start+most)])
				if span == nil {
					return at + 1
				}
				from, to := span[0], span[1]
				if len(span) > 2 {
					from, to = span[2], span[3]
				}
				value := m.text[start+from : start+to]
				if placeholder.Match(value) || anchor == "sk-" && !random(value) {
					return start + to // such as sk-learn-and-other-words
				}
				m.mask(f.name, start+from, start+to)
				return start + to
			})
		}
	}
}

func isWordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isTokenByte(c byte) bool { return isWordByte(c) || c == '~' || c == '.' }

// values masks what looks secret behind a keyword.
func (m *masking) values() {
	lower := slices.Clone(m.from) // by bytes, since offsets must hold
	for i, c := range lower {
		if c >= 'A' && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	for _, k := range keywords {
		each(lower, k.word, func(at int) int { return m.value(lower, at, k.word, k.unsure) })
	}
	each(lower, "bearer ", func(at int) int {
		from, to := valueAt(m.text, at+7)
		if to-from >= 16 && looksSecret(m.text[from:to]) {
			m.mask("a bearer token", from, to)
		}
		return at + 7
	})
}

// value masks the value of the keyword that stands at a place, and returns where to
// go on.
func (m *masking) value(lower []byte, at int, word string, unsure bool) int {
	const most = 160
	end := at + len(word)
	if word == "pass" && at > 0 && m.from[at] != 'P' && lower[at-1] >= 'a' && lower[at-1] <= 'z' {
		return end // bypass, compass
	}
	name, ok := nameEnd(m.from, end)
	if !ok {
		return end
	}
	sign := assigned.Find(m.text[name:min(len(m.text), name+most)])
	if sign == nil {
		return end
	}
	from, to := valueAt(m.text, name+len(sign))
	value := m.text[from:to]
	bare := len(bytes.Trim(sign, " \t")) == 0
	option := bytes.HasSuffix(m.text[:at-wordBefore(m.text, at)], []byte("-")) // as in "--password x"
	basic := word == "authorization" && isBasic(value)
	if basic || (!bare || option) && (!unsure || random(value)) && looksSecret(value) {
		m.mask("a password or key", from, to)
	}
	return max(end, to)
}

// nameEnd returns where the name ends whose keyword ends at a place: an "s", or a
// new word such as in "_PROD"; ok is false for the middle of another word.
func nameEnd(text []byte, at int) (end int, ok bool) {
	const most = 40
	if at < len(text) && (text[at] == 's' || text[at] == 'S') {
		at++
	}
	if at < len(text) && text[at] >= 'a' && text[at] <= 'z' || at > 0 && at < len(text) && text[at] >= 'A' && text[at] <= 'Z' && text[at-1] <= 'Z' {
		return 0, false
	}
	for end = at; end < len(text) && (isWordByte(text[end]) || text[end] == '-' || text[end] == '.'); end++ {
		if end-at >= most {
			return 0, false
		}
	}
	return end, end < len(text) && bytes.IndexByte([]byte("\"'`])*=:|> \t,\r\n"), text[end]) >= 0
}

// wordBefore is how many bytes of a word stand before at.
func wordBefore(text []byte, at int) int {
	n := 0
	for n < 40 && n < at && isWordByte(text[at-n-1]) {
		n++
	}
	return n
}

// valueAt returns the value that begins at a place: up to the closing quote, or up
// to a space or a mark that ends it.
func valueAt(text []byte, at int) (from, to int) {
	rest := text[at:min(len(text), at+mostValue)]
	marks := 0
	for marks < len(rest) && marks < 3 && bytes.IndexByte([]byte("\"'`\\*"), rest[marks]) >= 0 {
		marks++
	}
	if marks > 0 {
		quote := rest[marks-1]
		line, _, _ := bytes.Cut(rest[marks:], []byte("\n"))
		if n := bytes.IndexByte(line, quote); n > 0 && bytes.IndexByte(line[:n], ' ') < 0 {
			return at + marks, at + marks + len(bytes.TrimRight(line[:n], `\`))
		}
	}
	n := marks
	for n < len(rest) && rest[n] > ' ' && bytes.IndexByte([]byte("\"'`,;|"), rest[n]) < 0 {
		if rest[n] == '<' && n > marks {
			break
		}
		n++
	}
	return at + marks, at + marks + len(bytes.TrimRight(rest[marks:n], ".:)]}*!?"))
}

var (
	// placeholder is what stands for a value: ${X}, <password>, {{ x }}, xxxx.
	placeholder = regexp.MustCompile(`^(?:[$<%#@]?[{<(\[]|\$[A-Za-z_]|%\w+%?$|<|&lt;|[xX*.•_-]+$)|\$\{|\{\{|(?i:^(?:your|my|example|sample|dummy|changeme|placeholder|redacted)[-_ ])`)
	// reference is a place or a name in a program, where the value is elsewhere.
	reference = regexp.MustCompile(`^(?:[A-Za-z_][\w.]*\(|\.{0,2}/|~/|[A-Za-z]:\\|[a-z][a-z0-9+.-]*:/|(?:arn|vault|ssm|secretref|env|file|op|projects|secretsmanager|kms)[:/.]|(?:process|os|config|settings|secrets|var|data|local|self|this|env)\.)|(?i:getenv|environ|secretkeyref)`)
	// terms are words of the field that have digits.
	terms = regexp.MustCompile(`(?i)(?:hmac|sha|aes|rsa|ecdsa|ecdh|ed|curve|x|md|hs|rs|es|ps|bcrypt|scrypt|argon|pbkdf|oauth|base|utf|uuid|tls|http|saml|ipv|k8s?|s3|ec2|oidc|fido|p|kv|v|rfc|iso|pkcs)[-_ ]?\d{1,5}(?:\.\d)?(?:id|i|d)?|k8s|\d+[-_]?(?:bits?|bytes?|days?|hours?|hrs?|minutes?|mins?|min|seconds?|secs?|ms|s|h|d|m|weeks?|months?|years?|characters?|chars?|digits?|kb|mb|gb)\b`)
	// nameLike is a name of words and numbers, as "order-api-2".
	nameLike = regexp.MustCompile(`^(?:[a-z]+\d{0,2}|[A-Z]+\d{0,2}|[A-Z][a-z]+\d{0,2}|\d{1,4}|v\d+)(?:[-_./:](?:[a-z]+\d{0,2}|[A-Z]+\d{0,2}|[A-Z][a-z]+\d{0,2}|\d{1,4}|v\d+))+$`)
)

// looksSecret tells a value from a word, a name, a place and a placeholder:
// "password: required" names none.
func looksSecret(value []byte) bool {
	if len(value) < leastValue || placeholder.Match(value) {
		return false
	}
	if reference.Match(value) && (value[0] != '/' || !random(value) || len(value) < 32) {
		return false
	}
	if random(value) && len(value) >= 24 {
		return true
	}
	if nameLike.Match(value) {
		return false
	}
	digit, letter, mark := kinds(terms.ReplaceAll(value, nil))
	return letter && (digit || mark)
}

// kinds reports whether a value has digits, letters, and marks inside that words
// do not have.
func kinds(value []byte) (digit, letter, mark bool) {
	for i, c := range value {
		digit = digit || c >= '0' && c <= '9'
		letter = letter || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
		mark = mark || i > 0 && bytes.IndexByte([]byte("!$%^&~#@?"), c) >= 0
	}
	return digit, letter, mark
}

// random reports whether a value has digits and letters without order: at least
// 16 bytes with 3 bits of entropy each.
func random(value []byte) bool {
	const least, bits = 16, 3.0
	digit, letter, _ := kinds(value)
	if len(value) < least || !digit || !letter || nameLike.Match(value) {
		return false
	}
	var count [256]int
	for _, c := range value {
		count[c]++
	}
	entropy := 0.0
	for _, n := range &count {
		if n > 0 {
			p := float64(n) / float64(len(value))
			entropy -= p * math.Log2(p)
		}
	}
	return entropy >= bits
}

// isBasic reports whether a value is a name and a password in Base64.
func isBasic(value []byte) bool {
	text, err := base64.StdEncoding.DecodeString(string(value))
	return err == nil && bytes.IndexByte(text, ':') > 0
}

func capital(text string) string { return string(text[0]-'a'+'A') + text[1:] }
