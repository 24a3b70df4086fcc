package prose

import (
	"regexp"
	"strings"
)

var (
	// programStart matches lines that only source files have: what a file belongs to, what
	// it takes in, and where its functions and classes begin.
	programStart = regexp.MustCompile(`^(?:package [\w.]+;?$|import (?:static )?[\w.*{ ]+;$|import [\w.]+(?: as \w+)?$|import \(|import ["{*]|import \w+ from ["']|from [\w.]+ import |` +
		`(?:async )?(?:def|func|function) (?:\([^)]*\) )?\w*\(|(?:export |default |abstract |final |public )*class \w+(?:\([\w., ]*\))?(?: (?:extends|implements) [\w., ]+)? ?[:{]|` +
		`(?:const|let|var) [\w{}, ]+ = |(?:public|private|protected) [\w<>\[\], ]+ \w+\(|#include [<"]|module\.exports|#!/)`)
	// programLine matches the other lines of programs.
	programLine = regexp.MustCompile(`^(?:@\w[\w.]*(?:\(.*\))?$|` +
		`(?:return|raise|throw|yield|await|try|except|finally|else|elif|if|for|while|with|switch|case|catch|defer|go)\b.*[:{;)]$|` +
		`(?:return|raise|pass|break|continue)(?: \S+)?$|[\w.\[\]"']+(?:, [\w.]+)* (?:=|:=|\+=|-=) \S|[\w.]+\(.*\)[;,]?$|[})\]]+[;,)]*$|["'][\w./-]+["'],?$|_ ["'])`)
)

// program reports whether the text is a source file: it has lines that only those
// have, and they and the other lines of programs are most of what is no comment.
func program(content []byte) bool {
	const enough = 3
	begins, code, lines, fenced := 0, 0, 0, false
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSpace(line)
		line = line[:min(len(line), 300)]
		if strings.HasPrefix(line, "```") || strings.HasPrefix(line, "~~~") {
			fenced = !fenced
			continue
		}
		if line == "" || comment(line) {
			continue
		}
		lines++
		switch {
		case fenced:
		case programStart.MatchString(line):
			begins++
			code++
		case isCode(line), programLine.MatchString(line):
			code++
		}
	}
	return begins > 0 && code >= enough && code*2 > lines
}

// comment reports whether a line of a program is one of a comment.
func comment(line string) bool {
	for _, sign := range []string{"//", "/*", "* ", "*/", "# ", "--", `"""`, `'''`} {
		if strings.HasPrefix(line, sign) {
			return true
		}
	}
	return line == "*"
}
