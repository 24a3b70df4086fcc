package draft

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// secretForms are the well-known forms of credentials. A table of our own stands in
// for a scanner's library: gitleaks brings 145 packages into the program for forms
// of which a design holds these few, and its rules ask for a file and its path.
// Where a form has a group, that is the secret. Sources: the providers' own
// documentation of their keys.
var secretForms = []struct {
	name string
	form *regexp.Regexp
}{
	{"a private key", regexp.MustCompile(`-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[\s\S]*?-----END [A-Z ]{0,20}PRIVATE KEY-----`)},
	{"an AWS access key", regexp.MustCompile(`\b(?:AKIA|ASIA)[0-9A-Z]{16}\b`)},
	{"an AWS secret key", regexp.MustCompile(`(?i)aws_?secret_?(?:access_?)?key["'\s:=]{1,6}([A-Za-z0-9/+]{40})`)},
	{"a GitHub token", regexp.MustCompile(`\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{60,255})\b`)},
	{"a GitLab token", regexp.MustCompile(`\bglpat-[A-Za-z0-9_-]{20,}`)},
	{"a Slack token", regexp.MustCompile(`\bxox[abeoprs]-[A-Za-z0-9-]{10,}`)},
	{"a Slack webhook", regexp.MustCompile(`hooks\.slack\.com/services/([A-Za-z0-9/]{20,})`)},
	{"a Stripe key", regexp.MustCompile(`\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}`)},
	{"a Google API key", regexp.MustCompile(`\bAIza[0-9A-Za-z_-]{35}`)},
	{"an API key", regexp.MustCompile(`\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{20,}`)},
	{"a SendGrid key", regexp.MustCompile(`\bSG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}`)},
	{"an npm token", regexp.MustCompile(`\bnpm_[A-Za-z0-9]{36}\b`)},
	{"a PyPI token", regexp.MustCompile(`\bpypi-[A-Za-z0-9_-]{50,}`)},
	{"a JSON web token", regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}`)},
	{"a password in an address", regexp.MustCompile(`\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{1,80}:([^\s/@]{3,200})@`)},
	{"a password", regexp.MustCompile(`(?i)\b(?:password|passwd|pwd|secret|token|api[_-]?key)\b["']?\s{0,3}[:=]\s{0,3}["']?([^\s"',;]{8,200})`)},
}

// masked lists what was masked in the sources, for people.
type masked struct{ notes []string }

// Mask returns the sources with every credential replaced by asterisks of the same
// length, so that offsets hold, and a note for each that names its place but not
// its bytes. Sources without credentials are returned as they are.
func Mask(sources []stride.Source) ([]stride.Source, []string) {
	out := slices.Clone(sources)
	var found masked
	for i := range out {
		out[i].Content = found.mask(out[i])
	}
	return out, found.notes
}

func (m *masked) mask(s stride.Source) []byte {
	text := s.Content
	for _, f := range secretForms {
		for _, at := range f.form.FindAllSubmatchIndex(text, -1) {
			from, to := at[0], at[1]
			if len(at) > 2 && at[2] >= 0 {
				from, to = at[2], at[3]
			}
			if f.name == "a password" && !looksSecret(text[from:to]) || bytes.Count(text[from:to], []byte("*")) > (to-from)/2 {
				continue
			}
			if &text[0] == &s.Content[0] {
				text = slices.Clone(s.Content)
			}
			for k := from; k < to; k++ {
				if text[k] != '\n' && text[k] != '\r' {
					text[k] = '*'
				}
			}
			m.notes = append(m.notes, fmt.Sprintf("%s was masked in line %d: what is pasted here may be read by others, so change it.",
				capital(f.name), 1+bytes.Count(text[:from], []byte("\n"))))
		}
	}
	return text
}

// looksSecret tells a value from a word: "password: required" names none.
func looksSecret(value []byte) bool {
	var digit, letter bool
	for _, c := range value {
		digit = digit || c >= '0' && c <= '9'
		letter = letter || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	return digit && letter
}

func capital(text string) string { return string(text[0]-'a'+'A') + text[1:] }
